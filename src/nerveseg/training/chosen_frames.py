"""Which of the packed frames train, and which validate."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.data.fold_table import read_folds
from nerveseg.data.packed import Packed
from nerveseg.data.split import subsets
from nerveseg.data.split_table import rows_of
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


def choose_frames(folds: Path, fold: int, frames: Packed) -> ChosenFrames:
    """Return which of the packed frames train and which validate.

    Args:
        folds: the table of folds.
        fold: the validation fold.
        frames: the packed frames.

    Raises:
        InputError: the table is about other frames, or leaves none to train on.
    """
    rows = read_folds(folds)
    if [row[:2] for row in rows] != [record[:2] for record in frames.train]:
        raise InputError(f"{folds}: not the folds of the packed frames; run dvc repro split")
    split = subsets(rows, {fold})
    train = rows_of(split, "train")
    if not len(train):
        raise InputError(f"{folds}: no frame to train on; change the section split of params.yaml")
    positive = np.array([frames.train[row].pixels != "" for row in train])
    return ChosenFrames(train, positive, rows_of(split, "valid"))
