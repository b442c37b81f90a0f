"""Reading a competition: the archive that Kaggle serves, or a folder in the same layout."""

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nerveseg import rle
from nerveseg.data import layout, tables
from nerveseg.data.catalogue import check_test, check_train
from nerveseg.data.entries import Entries
from nerveseg.data.frames import decode_image, decode_mask
from nerveseg.data.layout import TrainRecord
from nerveseg.data.parallel import for_each
from nerveseg.errors import InputError


class Competition:
    """An opened competition whose parts fit together.

    Attributes:
        train: rows of train_masks.csv in numeric order; each has its image and mask.
        test: numbers of the test images in numeric order.
    """

    def __init__(self, path: Path) -> None:
        """Open a zip (flat, or with train.zip and test.zip inside) or a folder.

        The names are checked here, the pixels as they are read; `verify` reads them all.

        Raises:
            InputError: unreadable, or images, masks and tables do not match one another.
        """
        self._entries = Entries(path)
        try:
            self.train = self._train_records()
            self.test = self._test_numbers()
        except BaseException:
            self.close()
            raise

    def image(self, record: TrainRecord) -> NDArray[np.uint8]:
        """Return a training image, 420 x 580 uint8."""
        name = layout.image_name(record.subject, record.img)
        return decode_image(self._entries.read(name), self._entries.label(name))

    def mask(self, record: TrainRecord) -> NDArray[np.uint8]:
        """Return a training mask, 420 x 580 uint8 {0, 1}, the same in its TIFF and its row.

        Raises:
            InputError: the two differ, or one of them is malformed.
        """
        name = layout.mask_name(record.subject, record.img)
        label = self._entries.label(name)
        mask = decode_mask(self._entries.read(name), label)
        if rle.encode(mask) != record.pixels:
            self._explain(record, mask, label)
        return mask

    def test_image(self, img: int) -> NDArray[np.uint8]:
        """Return a test image, 420 x 580 uint8."""
        name = layout.test_name(img)
        return decode_image(self._entries.read(name), self._entries.label(name))

    def verify(self) -> None:
        """Read every image and mask.

        Raises:
            InputError: the first that is damaged, of another kind, or contradicts its row.
        """
        for_each(self._verify_train, self.train, "check train")
        for_each(self.test_image, self.test, "check test")

    def _verify_train(self, record: TrainRecord) -> None:
        self.image(record)
        self.mask(record)

    def _train_records(self) -> list[TrainRecord]:
        label = self._entries.label(layout.TRAIN_MASKS)
        records = tables.train_records(self._entries.read(layout.TRAIN_MASKS), label)
        check_train(list(self._entries), records, self._entries.label)
        return records

    def _test_numbers(self) -> list[int]:
        label = self._entries.label(layout.SAMPLE_SUBMISSION)
        numbers = tables.image_numbers(self._entries.read(layout.SAMPLE_SUBMISSION), label)
        check_test(list(self._entries), numbers, self._entries.label)
        return numbers

    def _explain(self, record: TrainRecord, mask: NDArray[np.uint8], label: str) -> None:
        """Raise unless `record`, though written unlike our encoder would, means `mask`."""
        row = (
            f"{self._entries.label(layout.TRAIN_MASKS)}: subject {record.subject} img {record.img}"
        )
        try:
            described = rle.decode(record.pixels)
        except InputError as error:
            raise InputError(f"{row}: {error}; correct the row") from error
        if different := int((described != mask).sum()):
            raise InputError(
                f"{row}: differs from its mask {label} in {different} pixels; correct one of them"
            )

    def close(self) -> None:
        """Close the archive."""
        self._entries.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the archive."""
        self.close()
