"""Is there a nerve in the frame at all? The decision that is worth more than the outline."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Detection(NamedTuple):
    """How well frames with a nerve were told from frames without, each in 0..1.

    Attributes:
        precision: of frames called positive, the share with a nerve; NaN when none was called.
        recall: of frames with a nerve, the share called positive; NaN when there are none.
        f1: harmonic mean of the two; 0 when no call was right, NaN without nerves and calls.
    """

    precision: float
    recall: float
    f1: float


class Thresholds(NamedTuple):
    """The trade-off over thresholds, arrays of K, from the lowest threshold to the highest.

    Attributes:
        threshold: a frame is called positive when its score is at or above it.
        precision: as in `Detection`.
        recall: as in `Detection`.
        f1: as in `Detection`.
        dice: the mean Dice when the masks of all frames below the threshold are emptied.
    """

    threshold: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    dice: NDArray[np.float64]


def detection(called: NDArray[np.bool_], nerve: NDArray[np.bool_]) -> Detection:
    """Return precision, recall and F1 of calling frames positive.

    Args:
        called: N bool, the frame's mask is not empty.
        nerve: N bool, the frame has an outlined nerve.
    """
    right = int((called & nerve).sum())
    calls, nerves = int(called.sum()), int(nerve.sum())
    return Detection(_ratio(right, calls), _ratio(right, nerves), _ratio(2 * right, calls + nerves))


def thresholds(
    score: NDArray[np.float64], nerve: NDArray[np.bool_], dice: NDArray[np.float64]
) -> Thresholds:
    """Return what every distinct threshold of the presence score would give.

    Args:
        score: N, higher is more likely to be a nerve.
        nerve: N bool.
        dice: N, of the masks as they are.
    """
    order = np.argsort(score, kind="stable")
    value, positive, gained = score[order], nerve[order], dice[order]
    first = np.flatnonzero(np.r_[True, value[1:] != value[:-1]])
    calls = len(value) - first
    right = _before(positive[::-1])[calls]
    nerves = int(nerve.sum())
    # An emptied mask scores 1 without a nerve, else 0; the others keep their Dice.
    total = _before(~positive)[first] + gained.sum() - _before(gained)[first]
    recall = right / nerves if nerves else np.full(len(first), np.nan)
    return Thresholds(
        value[first], right / calls, recall, 2 * right / (calls + nerves), total / len(value)
    )


def average_precision(curve: Thresholds) -> float:
    """Return the sum of precision times the gain in recall; NaN without nerves."""
    recall = np.r_[curve.recall, 0.0]
    return float(((recall[:-1] - recall[1:]) * curve.precision).sum())


def _before(values: NDArray[np.float64] | NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return N + 1 sums: of the first 0, 1, ... N values."""
    return np.concatenate([np.zeros(1), np.cumsum(values, dtype=np.float64)])


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
