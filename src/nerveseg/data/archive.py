"""Reading a competition: the archive that Kaggle serves, or a folder with the same layout."""

from pathlib import Path
from typing import Final, Self

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from nerveseg import rle
from nerveseg.data import competition_tables as tables
from nerveseg.data import layout, tiff_header
from nerveseg.data.entries import Entries
from nerveseg.data.layout import TrainRecord
from nerveseg.data.parallel import for_each
from nerveseg.errors import InputError, within
from nerveseg.rle import IMAGE_SHAPE

_INSIDE: Final = 255


class Competition:
    """An opened competition whose images, masks and tables match one another.

    Attributes:
        train: rows of train_masks.csv in numeric order; each has an image and a mask.
        test: numbers of the test images in numeric order.
    """

    def __init__(self, path: Path) -> None:
        """Open a zip (flat, or with train.zip and test.zip inside) or a folder.

        File names are checked here, and pixels when they are read; `verify` reads all of them.

        Raises:
            InputError: it is unreadable, or images, masks and tables do not match one another.
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
        """Return a training mask, 420 x 580 uint8 {0, 1}, on which its TIFF and its row agree.

        Raises:
            InputError: the two differ, or either is malformed.
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
            InputError: a file is damaged or of the wrong type, or a mask contradicts its row; the
                message names the first.
        """
        for_each(self._verify_train, self.train, "check train")
        for_each(self.test_image, self.test, "check test")

    def _verify_train(self, record: TrainRecord) -> None:
        self.image(record)
        self.mask(record)

    def _train_records(self) -> list[TrainRecord]:
        label = self._entries.label(layout.TRAIN_MASKS)
        records = tables.train_records(self._entries.read(layout.TRAIN_MASKS), label)
        tables.check_train(list(self._entries), records, self._entries.label)
        return records

    def _test_numbers(self) -> list[int]:
        label = self._entries.label(layout.SAMPLE_SUBMISSION)
        numbers = tables.image_numbers(self._entries.read(layout.SAMPLE_SUBMISSION), label)
        tables.check_test(list(self._entries), numbers, self._entries.label)
        return numbers

    def _explain(self, record: TrainRecord, mask: NDArray[np.uint8], label: str) -> None:
        """Raise unless the run lengths of `record` describe `mask`, in whatever form."""
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
        """Return the competition."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the archive."""
        self.close()


def decode_image(content: bytes, label: str) -> NDArray[np.uint8]:
    """Return the frame in a TIFF, 420 x 580 uint8, black as 0.

    Raises:
        InputError: `content` is truncated or not a TIFF; it has several pages, another size, bit
            depth or number of channels, a palette, or is not stored upright.
    """
    with within(label):
        header = _checked_header(content)
    try:
        # imagecodecs is faster than cv2 and tifffile, releases the GIL, and raises an error for
        # truncated files, of which cv2 returns the missing rows as black.
        image = imagecodecs.tiff_decode(content)
    except Exception as error:
        # Damaged headers make imagecodecs raise many types of errors.
        raise InputError(
            f"{label}: damaged or not a TIFF ({error}); fetch the archive again"
        ) from error
    if image.dtype != np.uint8 or image.shape != IMAGE_SHAPE:
        raise InputError(
            f"{label}: {image.dtype} of shape {image.shape}, expected one channel of 8 bits; "
            "convert it to greyscale"
        )
    found: NDArray[np.uint8] = np.asarray(image, dtype=np.uint8)
    return ~found if header.photometric == tiff_header.WHITE_IS_ZERO else found


def _checked_header(content: bytes) -> tiff_header.Header:
    """Return the header of a TIFF that holds a frame; `decode_image` lists the errors."""
    if len(content) > tiff_header.MOST_BYTES:
        raise InputError(
            f"{len(content):,} bytes, more than the {tiff_header.MOST_BYTES:,} that a frame may "
            "have; save it as a TIFF of 8 bits"
        )
    if name := tiff_header.other_format(content):
        raise InputError(f"{name}, not a TIFF; save it as a TIFF of 8 bits in one channel")
    try:
        header = tiff_header.read_header(content)
    except InputError as error:
        raise InputError(f"{error}; fetch the archive again") from error
    height, width = header.shape
    if header.pages > 1:
        raise InputError("it has several pages; save every frame as a file of its own")
    if header.samples != 1 or header.bits != 8 or not header.unsigned:  # noqa: PLR2004
        kind = "unsigned" if header.unsigned else "signed or floating-point"
        raise InputError(
            f"{header.samples} channels of {header.bits} bits ({kind}), expected one channel of 8 "
            "bits; convert it to greyscale"
        )
    if header.photometric not in (tiff_header.WHITE_IS_ZERO, tiff_header.BLACK_IS_ZERO):
        raise InputError("its values are indices into a palette; convert it to greyscale")
    if not header.upright:
        raise InputError("its tag Orientation says that it is turned; save it upright")
    if header.shape != IMAGE_SHAPE:
        raise InputError(
            f"{width} wide and {height} high, expected {IMAGE_SHAPE[1]} x {IMAGE_SHAPE[0]}; "
            "resize it"
        )
    return header


def decode_mask(content: bytes, label: str) -> NDArray[np.uint8]:
    """Return the mask in a TIFF, 420 x 580 uint8 {0, 1}.

    Raises:
        InputError: as for `decode_image`, or a value is neither 0 nor 255.
    """
    image = decode_image(content, label)
    mask: NDArray[np.bool_] = image == _INSIDE
    if (image[~mask] != 0).any():
        raise InputError(f"{label}: a mask may hold only 0 and 255; threshold it")
    return np.asarray(mask, dtype=np.uint8)
