"""Deciding whether a frame shows a nerve at all, on which the score depends most.

On a frame without a nerve, an empty mask scores 1 and any other mask 0, however small it is.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.evaluation.calibration import PROBABILITY
from nerveseg.metrics.ranking import PixelRanking

NERVE_PIXELS: Final = 5000
"""Area of a small nerve: nine in ten of those outlined in the competition are larger."""


class Detection(NamedTuple):
    """How well frames with a nerve were distinguished from frames without, each in 0..1.

    Attributes:
        precision: share of positive calls that have a nerve; NaN without positive calls.
        recall: share of frames with a nerve that were called positive; NaN without nerves.
        f1: harmonic mean of the two; NaN without nerves and positive calls.
    """

    precision: float
    recall: float
    f1: float


class Thresholds(NamedTuple):
    """Precision, recall and Dice at K thresholds, from the lowest threshold to the highest.

    Attributes:
        threshold: K; a frame is called positive if its presence score is at or above it.
        precision: as in `Detection`.
        recall: as in `Detection`.
        f1: as in `Detection`.
        dice: the mean Dice if the masks of all frames below the threshold were emptied.
    """

    threshold: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    dice: NDArray[np.float64]


def detection(called: NDArray[np.bool_], nerve: NDArray[np.bool_]) -> Detection:
    """Return precision, recall and F1 of calling frames positive.

    Args:
        called: N bool, whether the predicted mask is not empty.
        nerve: N bool, whether a nerve is outlined.
    """
    hits = int((called & nerve).sum())
    calls, nerves = int(called.sum()), int(nerve.sum())
    return Detection(_ratio(hits, calls), _ratio(hits, nerves), _ratio(2 * hits, calls + nerves))


def thresholds(
    score: NDArray[np.float64], nerve: NDArray[np.bool_], dice: NDArray[np.float64]
) -> Thresholds:
    """Return the scores at every distinct value of the presence score, used as a threshold.

    Args:
        score: N, the presence score; higher means that a nerve is more likely.
        nerve: N bool, whether a nerve is outlined.
        dice: N, the Dice of the masks as they are.
    """
    order = np.argsort(score, kind="stable")
    value, positive, kept_dice = score[order], nerve[order], dice[order]
    first = np.flatnonzero(np.r_[True, value[1:] != value[:-1]])
    calls = len(value) - first
    hits = _sums_before(positive[::-1])[calls]
    nerves = int(nerve.sum())
    # An emptied mask scores 1 without a nerve and 0 with one; the others keep their Dice.
    total = _sums_before(~positive)[first] + kept_dice.sum() - _sums_before(kept_dice)[first]
    recall = hits / nerves if nerves else np.full(len(first), np.nan)
    return Thresholds(
        value[first], hits / calls, recall, 2 * hits / (calls + nerves), total / len(value)
    )


def average_precision(curve: Thresholds) -> float:
    """Return the sum over thresholds of precision times the gain in recall; NaN without nerves."""
    recall = np.r_[curve.recall, 0.0]
    return float(((recall[:-1] - recall[1:]) * curve.precision).sum())


def presence_score(pixels: PixelRanking) -> float:
    """Return the mean probability of a map's `NERVE_PIXELS` most probable pixels, in 0..1.

    It is high if a region as large as a nerve has high probabilities. The sum over all pixels ranks
    frames worse, because the low probabilities of a large background add up, and so does the
    highest probability, which a single speck can reach.
    """
    codes = pixels.inside + pixels.outside
    # From the highest code down, the pixels of each code that are still among the top ones.
    reached = np.minimum(np.cumsum(codes[::-1]), NERVE_PIXELS)
    taken = np.diff(reached, prepend=0)
    return float(taken @ PROBABILITY[::-1] / reached[-1])


def _sums_before(values: NDArray[np.float64] | NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return N + 1 sums: of the first 0, 1, ... N values."""
    return np.concatenate([np.zeros(1), np.cumsum(values, dtype=np.float64)])


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
