"""Dividing the training frames into folds, by subject or by image."""

import warnings
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedGroupKFold

from nerveseg.data.layout import TrainRecord
from nerveseg.data.split_table import SplitRow, Subset
from nerveseg.errors import InputError

Protocol = Literal["subject", "image"]


def split(
    records: Sequence[TrainRecord],
    protocol: Protocol,
    folds: int,
    fold: int,
    seed: int,
    *,
    doubtful: Collection[tuple[int, int]] = (),
) -> list[SplitRow]:
    """Return the fold and subset of every record; fold `fold` validates and the others train.

    Args:
        records: the training frames.
        protocol: `subject` keeps a subject's frames in one fold and balances the fraction of
            outlined frames between folds, to estimate the score on unseen subjects. `image`
            assigns frames at random, as the paper does: near-duplicate neighbours of one sweep
            are then in both subsets, and the validation Dice is optimistic.
        folds: number of folds, at least 2; 5 gives the paper's 80/20 split.
        fold: index of the validation fold, 0 .. folds - 1.
        seed: seed of the shuffling.
        doubtful: (subject, img) of frames to leave out of training. They are kept for validation,
            because the leaderboard's labels have the same faults.

    Raises:
        InputError: there are too few subjects or frames for this number of folds.
    """
    divide = by_subject if protocol == "subject" else by_image
    rows = []
    for (subject, img, _), index in zip(records, divide(records, folds, seed), strict=True):
        other: Subset = "left_out" if (subject, img) in doubtful else "train"
        rows.append(SplitRow(subject, img, int(index), "valid" if index == fold else other))
    return rows


def by_subject(records: Sequence[TrainRecord], folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each record: grouped by subject, stratified by presence of an outline.

    Raises:
        InputError: there are fewer subjects than folds, or too few frames with or without an
            outline.
    """
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
