"""Dividing the training frames into folds, by subject or by image."""

import warnings
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nerveseg.data.fold_table import FoldRow
from nerveseg.data.layout import TrainRecord
from nerveseg.data.split_table import SplitRow, Subset
from nerveseg.errors import InputError

Protocol = Literal["subject", "image"]


def assign_folds(
    records: Sequence[TrainRecord],
    protocol: Protocol,
    folds: int,
    seed: int,
    *,
    doubtful: Collection[tuple[int, int]] = (),
) -> list[FoldRow]:
    """Return the fold of every record.

    Args:
        records: the training frames.
        protocol: `subject` keeps a subject's frames in one fold and balances the fraction of
            outlined frames between folds, to estimate the score on unseen subjects. `image`
            assigns frames at random, as the paper does: near-duplicate neighbours of one sweep
            are then in both subsets, and the validation Dice is optimistic.
        folds: number of folds, at least 2; 5 gives the paper's 80/20 split.
        seed: seed of the shuffling.
        doubtful: (subject, img) of frames to leave out of training. They are kept for validation,
            because the leaderboard's labels have the same faults.

    Raises:
        InputError: there are too few subjects or frames for this number of folds.
    """
    divide = by_subject if protocol == "subject" else by_image
    found = divide(records, folds, seed).tolist()
    return [
        FoldRow(subject, img, fold, (subject, img) in doubtful)
        for (subject, img, _), fold in zip(records, found, strict=True)
    ]


def subsets(rows: Iterable[FoldRow], validated: Collection[int]) -> list[SplitRow]:
    """Return the subset of every frame, if the frames of the folds `validated` validate.

    Those of one fold validate its training. Those of every trained fold together are judged out of
    fold, each by networks that have not seen it; frames of other folds only train.
    """
    split = []
    for subject, img, fold, doubtful in rows:
        other: Subset = "left_out" if doubtful else "train"
        split.append(SplitRow(subject, img, fold, "valid" if fold in validated else other))
    return split


def by_subject(records: Sequence[TrainRecord], folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each record: grouped by subject, stratified by presence of an outline.

    Raises:
        InputError: there are fewer subjects than folds, or too few frames with or without an
            outline.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # trainings need not wait for it

    subjects = np.array([record.subject for record in records])
    outlined = np.array([record.pixels != "" for record in records])
    if (count := np.unique(subjects).size) < folds:
        raise InputError(
            f"params.yaml: split.folds: {folds} folds by subject need as many subjects, and the "
            f"training set has {count}; lower it, or set split.protocol to image"
        )
    divider = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # scikit-learn warns if one class has fewer frames than there are folds; it then spreads
        # them over as many folds as possible.
        warnings.simplefilter("ignore", UserWarning)
        try:
            return _fold_indices(divider.split(outlined, outlined, subjects), len(records))
        except ValueError as error:
            raise InputError(
                f"params.yaml: split.folds: {folds} folds of {len(records)} frames cannot be made "
                f"({error}); lower it"
            ) from error


def by_image(records: Sequence[TrainRecord], folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each record: at random, in folds that differ by at most one frame.

    Raises:
        InputError: there are fewer frames than folds.
    """
    from sklearn.model_selection import KFold  # trainings need not wait for it

    if len(records) < folds:
        raise InputError(
            f"params.yaml: split.folds: {folds} folds need as many frames, and the training set "
            f"has {len(records)}; lower it"
        )
    divider = KFold(folds, shuffle=True, random_state=seed)
    return _fold_indices(divider.split(np.zeros(len(records))), len(records))


def _fold_indices(
    divided: Iterable[tuple[NDArray[np.int64], NDArray[np.int64]]], count: int
) -> NDArray[np.int64]:
    fold = np.empty(count, dtype=np.int64)
    for index, (_, rows) in enumerate(divided):
        fold[rows] = index
    return fold
