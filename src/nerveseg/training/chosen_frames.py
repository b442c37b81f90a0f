"""Which of the packed frames train, and which validate."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.data.fold_table import assignment_of, read_folds
from nerveseg.data.packed import Packed
from nerveseg.data.split import subsets
from nerveseg.data.split_table import rows_of
from nerveseg.errors import InputError
from nerveseg.training.pseudo_labelled import PseudoLabelledFrames, read_pseudo_labelled


class ChosenFrames(NamedTuple):
    """Rows of the packed frames.

    Attributes:
        train: rows of the training frames, M.
        positive: whether each of these shows a nerve, M.
        valid: rows of the validation frames.
        assignment: hash of which frame is in which fold.
        added: pseudo-labelled test frames that train, too; their rows in `train` begin after the
            last of the packed training frames.
    """

    train: NDArray[np.int64]
    positive: NDArray[np.bool_]
    valid: NDArray[np.int64]
    assignment: str
    added: PseudoLabelledFrames | None = None

    @property
    def file(self) -> Path | None:
        """The file of the pseudo-labels; None without any."""
        return None if self.added is None else self.added.path

    def record(self) -> dict[str, object]:
        """Return what the description of the weights says about the frames.

        `nerveseg pseudo-label` relies on it to know what a network was trained on.
        """
        labels = {} if self.added is None else {"pseudo_labels_of": self.added.record}
        return {"assignment": self.assignment, **labels}


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
    return ChosenFrames(train, positive, rows_of(split, "valid"), assignment_of(rows))


def with_pseudo_labels(
    chosen: ChosenFrames, folder: str | None, fold: int, packed: Path, frames: Packed
) -> ChosenFrames:
    """Return `chosen` with the pseudo-labelled test frames of `fold`; as it is without a folder.

    Args:
        chosen: the frames of the split.
        folder: external/pseudo/NAME.
        fold: the validation fold.
        packed: folder of the packed competition.
        frames: the same competition, opened.

    Raises:
        InputError: the labels are missing, or of another fold, another split or other frames.
    """
    if folder is None:
        return chosen
    added = read_pseudo_labelled(Path(folder), fold, chosen.assignment, packed, frames)
    first = len(frames.train)
    return chosen._replace(
        train=np.concatenate([chosen.train, np.arange(first, first + len(added))]),
        positive=np.concatenate([chosen.positive, added.positive]),
        added=added,
    )
