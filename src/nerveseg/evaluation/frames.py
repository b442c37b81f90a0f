"""The validation frames of one network: what is true and what was predicted, frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.data.layout import TrainRecord
from nerveseg.data.packed import read_train
from nerveseg.data.split_table import read_split
from nerveseg.errors import InputError
from nerveseg.maps import Maps, read_maps
from nerveseg.rle import decode


class Frame(NamedTuple):
    """One validation frame at native size.

    Attributes:
        truth: H x W uint8 {0, 1}.
        prediction: H x W uint8 {0, 1}, the mask after post-processing.
        codes: H x W uint8, the prediction map as in `nerveseg.maps`.
    """

    truth: NDArray[np.uint8]
    prediction: NDArray[np.uint8]
    codes: NDArray[np.uint8]


@dataclass(frozen=True)
class Validation:
    """The validation set of one network, in the order of the split.

    Attributes:
        truths: subject, img and RLE as outlined by hand.
        masks: the same frames with the RLE as predicted.
        maps: their prediction maps.
    """

    truths: list[TrainRecord]
    masks: list[TrainRecord]
    maps: Maps

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.truths)

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames one by one: they need not fit into memory together."""
        for place, (truth, mask) in enumerate(zip(self.truths, self.masks, strict=True)):
            yield Frame(decode(truth.pixels), decode(mask.pixels), self.maps[place])


def open_validation(packed: Path, split: Path, masks: Path, maps: Path) -> Validation:
    """Bring together the validation frames of one network.

    Args:
        packed: train.csv of the packed data, with the truth.
        split: the split, which says what is validation.
        masks: subject,img,pixels as the stage encode wrote it.
        maps: as the stage predict wrote them.

    Raises:
        InputError: a file is missing or malformed, the split leaves no validation frames, or
            the files speak of different frames.
    """
    wanted = _valid_keys(split)
    known = {record[:2]: record for record in read_train(packed)}
    if absent := [key for key in wanted if key not in known]:
        raise InputError(f"{split}: {_name(absent[0])} is not in {packed}; run dvc repro split")
    predicted = read_train(masks)
    if [record[:2] for record in predicted] != wanted:
        raise InputError(
            f"{masks}: not the validation frames of {split}, in their order; run dvc repro encode"
        )
    opened = read_maps(maps)
    if len(opened) != len(wanted):
        raise InputError(
            f"{maps}: {len(opened)} maps for the {len(wanted)} validation frames of {split}; "
            "run dvc repro predict"
        )
    return Validation([known[key] for key in wanted], predicted, opened)


def _valid_keys(split: Path) -> list[tuple[int, int]]:
    keys = [(place.subject, place.img) for place in read_split(split) if place.part == "valid"]
    if not keys:
        raise InputError(f"{split}: no validation frames; check split.fold in params.yaml")
    return keys


def _name(key: tuple[int, int]) -> str:
    return f"subject {key[0]} img {key[1]}"
