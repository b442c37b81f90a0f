"""Training on pseudo-labelled test frames, too: the labels that networks of the same fold made."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from nerveseg.data.dataset import LabelledFrame
from nerveseg.data.packed import Packed
from nerveseg.errors import InputError, within
from nerveseg.pseudo_labels import (
    REMEDY,
    PseudoLabels,
    hash_of_test,
    path_of,
    read_labels,
)
from nerveseg.sha256 import sha256_of

KEY: Final = "train.pseudo_labels"


class PseudoLabelledFrames(Sequence[LabelledFrame]):
    """The labelled test frames, in the order of their labels.

    Args:
        labels: the labels.
        frames: the packed competition.
        path: the file of the labels.

    Attributes:
        path: the same.
        positive: whether each label shows a nerve, M.
        record: what the description of the weights says about them.
    """

    def __init__(self, labels: PseudoLabels, frames: Packed, path: Path) -> None:
        self._labels = labels
        # A plain array on the same memory: indexing a np.memmap is slower.
        self._images = np.asarray(frames.test_images)
        self._rows = np.searchsorted(frames.test, labels.img)
        self.path = path
        self.positive = labels.positive
        self.record: dict[str, object] = {
            "sha256": sha256_of(path),
            "run": labels.origin.run,
            "fold": labels.origin.fold,
            "frames": len(labels),
            "with_nerve": int(self.positive.sum()),
        }

    def __len__(self) -> int:
        """The number of frames."""
        return len(self._labels)

    def __getitem__(self, index: int) -> LabelledFrame:  # type: ignore[override]
        """Return the frame at `index` and its mask, H x W uint8 each."""
        return self._images[self._rows[index]], self._labels.mask(index)


def read_pseudo_labelled(
    folder: Path, fold: int, assignment: str, packed: Path, frames: Packed
) -> PseudoLabelledFrames:
    """Return the pseudo-labelled test frames in `folder` that may train on `fold`.

    Args:
        folder: external/pseudo/NAME.
        fold: the validation fold.
        assignment: hash of which frame is in which fold.
        packed: folder of the packed competition.
        frames: the same competition, opened.

    Raises:
        InputError: the fold has no pseudo-labels, or they were made with another split or of other
            test frames, or none of them is sure.
    """
    with within(KEY):
        path, labels = path_of(folder, fold), read_labels(folder, fold)
        if fault := _fault(labels, assignment, packed, frames):
            raise InputError(f"{path}: {fault}")
    return PseudoLabelledFrames(labels, frames, path)


def _fault(labels: PseudoLabels, assignment: str, packed: Path, frames: Packed) -> str | None:
    """Return why labels must not train with this split and these test frames, or None."""
    if labels.origin.assignment != assignment:
        return (
            "made with another split, so its networks may have been trained on what is now "
            f"validated on; {REMEDY}"
        )
    if (
        labels.origin.test != hash_of_test(packed)
        or labels.shape != frames.size
        or not np.isin(labels.img, frames.test).all()
    ):
        return f"labels of other test frames than the packed ones; {REMEDY}"
    return None if len(labels) else f"none of its labels is sure; {REMEDY} with a lower --sure"
