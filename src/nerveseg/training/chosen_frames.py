"""Which of the packed frames train, and which validate."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.data.packed import Packed
from nerveseg.data.split_table import read_split, rows_of
from nerveseg.errors import InputError


class ChosenFrames(NamedTuple):
    """Rows of the packed frames.

    Attributes:
        train: rows of the training frames, M.
        positive: whether each of these shows a nerve, M.
        valid: rows of the validation frames.
    """

    train: NDArray[np.int64]
    positive: NDArray[np.bool_]
    valid: NDArray[np.int64]


def choose_frames(split: Path, frames: Packed) -> ChosenFrames:
    """Return which of the packed frames train and which validate.

    Raises:
        InputError: the table is about other frames, or leaves none to train on.
    """
    rows = read_split(split)
    if [row[:2] for row in rows] != [record[:2] for record in frames.train]:
        raise InputError(f"{split}: not a split of the packed frames; run dvc repro split")
    train = rows_of(rows, "train")
    if not len(train):
        raise InputError(f"{split}: no frame to train on; change the section split of params.yaml")
    positive = np.array([frames.train[row].pixels != "" for row in train])
    return ChosenFrames(train, positive, rows_of(rows, "valid"))
