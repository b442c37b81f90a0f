"""The validation frames of one run, each with its true mask, predicted mask and prediction map."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.data.layout import TrainRecord
from nerveseg.data.packed import read_train
from nerveseg.data.split_table import records_of
from nerveseg.errors import InputError
from nerveseg.maps import FrameMaps, read_maps
from nerveseg.rle import decode


class Frame(NamedTuple):
    """One validation frame at native size.

    Attributes:
        truth: H x W uint8 {0, 1}.
        prediction: H x W uint8 {0, 1}, the mask after post-processing.
        codes: H x W uint8, the prediction map as codes of `nerveseg.maps`.
    """

    truth: NDArray[np.uint8]
    prediction: NDArray[np.uint8]
    codes: NDArray[np.uint8]


@dataclass(frozen=True)
class ValidationSet:
    """The validation frames of one run, in the order of the split.

    Attributes:
        truths: subject, img and run lengths of the true mask.
        masks: the same frames with the run lengths of the predicted mask.
        maps: their prediction maps.
    """

    truths: list[TrainRecord]
    masks: list[TrainRecord]
    maps: FrameMaps

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.truths)

    def __iter__(self) -> Iterator[Frame]:
        """Yield one frame at a time, so that they need not all fit into memory."""
        for index, (truth, mask) in enumerate(zip(self.truths, self.masks, strict=True)):
            yield Frame(decode(truth.pixels), decode(mask.pixels), self.maps[index])


def open_validation(packed: Path, split: Path, masks: Path, maps: Path) -> ValidationSet:
    """Collect the validation frames of one run.

    Args:
        packed: train.csv of the packed data, which holds the true masks.
        split: the split, which says which frames are held out for validation.
        masks: table subject,img,pixels written by the stage encode.
        maps: prediction maps written by the stage predict.

    Raises:
        InputError: a file is missing or malformed, the split holds out no frames, or the files
            describe different frames.
    """
    truths, predicted = records_of(packed, split, "valid"), read_train(masks)
    if [record[:2] for record in predicted] != [record[:2] for record in truths]:
        raise InputError(
            f"{masks}: not the validation frames of {split}, in their order; run dvc repro encode"
        )
    opened = read_maps(maps)
    if len(opened) != len(truths):
        raise InputError(
            f"{maps}: {len(opened)} maps for the {len(truths)} validation frames of {split}; "
            "run dvc repro predict"
        )
    return ValidationSet(truths, predicted, opened)
