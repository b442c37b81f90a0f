"""Dividing the training frames into folds, by subject or by image."""

import warnings
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedGroupKFold

from nerveseg.data.layout import TrainRecord
from nerveseg.data.split_table import Part, SplitRow
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
    """Return the place of every record; fold `fold` validates, the others train.

    Args:
        records: the training frames.
        protocol: `subject` keeps a subject's frames together and the folds alike in their
            share of outlined frames, to estimate the score on unseen subjects. `image` deals
            frames out at random, as the paper does: neighbouring frames of one sweep, nearly
            alike, then lie on both sides, and the validation Dice flatters.
        folds: number of folds, at least 2; 5 makes the paper's 80/20.
        fold: the fold that validates, 0 .. folds - 1.
        seed: of the shuffling.
        doubtful: (subject, img) of frames to be left out of training. They do validate: the
            leaderboard's labels are no better.

    Raises:
        InputError: too few subjects or frames for so many folds.
    """
    divide = by_subject if protocol == "subject" else by_image
    places = []
    for (subject, img, _), number in zip(records, divide(records, folds, seed), strict=True):
        other: Part = "left_out" if (subject, img) in doubtful else "train"
        places.append(SplitRow(subject, img, int(number), "valid" if number == fold else other))
    return places


def by_subject(records: Sequence[TrainRecord], folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each record: grouped by subject, stratified by 'is a nerve outlined'.

    Raises:
        InputError: fewer subjects, or fewer frames of either kind, than folds.
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
        # Fewer frames of one kind than folds: they are then spread as far as they go.
        warnings.simplefilter("ignore", UserWarning)
        try:
            return _numbered(divider.split(outlined, outlined, subjects), len(records))
        except ValueError as error:
            raise InputError(
                f"params.yaml: split.folds: {folds} folds of {len(records)} frames cannot be made "
                f"({error}); lower it"
            ) from error


def by_image(records: Sequence[TrainRecord], folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each record: at random, folds equal in size to one frame.

    Raises:
        InputError: fewer frames than folds.
    """
    if len(records) < folds:
        raise InputError(
            f"params.yaml: split.folds: {folds} folds need as many frames, and the training set "
            f"has {len(records)}; lower it"
        )
    divider = KFold(folds, shuffle=True, random_state=seed)
    return _numbered(divider.split(np.zeros(len(records))), len(records))


def _numbered(
    divided: Iterable[tuple[NDArray[np.int64], NDArray[np.int64]]], count: int
) -> NDArray[np.int64]:
    fold = np.empty(count, dtype=np.int64)
    for number, (_, rows) in enumerate(divided):
        fold[rows] = number
    return fold
