"""One pass over the validation frames of a network: everything that is measured on them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.evaluation.calibration import presence
from nerveseg.evaluation.frames import Frame
from nerveseg.metrics.overlap import Counts, accuracy, count, dice, sensitivity, specificity
from nerveseg.metrics.ranking import PixelRanking
from nerveseg.metrics.surface import Boundary, boundary


class Measures(NamedTuple):
    """Scores of N frames, each N float64; what is undefined is NaN. See docs/metrics.md.

    Attributes:
        dice: 0..1; both empty is 1.
        accuracy: 0..1.
        sensitivity: 0..1; NaN without a nerve.
        specificity: 0..1.
        auc: over the frame's pixels, 0..1; NaN without a nerve.
        hd95: 95th percentile of the distances between outlines, in pixels; NaN unless both
            masks have one.
        msd: mean of the same distances, in pixels.
        true_area: pixels of the truth.
        predicted_area: pixels of the predicted mask.
        presence: mean probability of the map's 5000 surest pixels, 0..1.
    """

    dice: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    specificity: NDArray[np.float64]
    auc: NDArray[np.float64]
    hd95: NDArray[np.float64]
    msd: NDArray[np.float64]
    true_area: NDArray[np.int64]
    predicted_area: NDArray[np.int64]
    presence: NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """What one pass over the frames gives.

    Attributes:
        frames: scores of each frame.
        counts: pixels right and wrong of each frame.
        pixels: how the prediction maps rank the pixels of all frames together.
    """

    frames: Measures
    counts: Counts
    pixels: PixelRanking


class _Row(NamedTuple):
    counts: Counts
    boundary: Boundary
    auc: float
    presence: float


def measure(frames: Iterable[Frame]) -> Measured:
    """Return the scores of `frames`, of which there is at least one."""
    pixels = PixelRanking()
    rows = [_row(frame, pixels) for frame in frames]
    counts = Counts(*np.concatenate([row.counts for row in rows], axis=1))
    scores = Measures(
        dice=dice(counts),
        accuracy=accuracy(counts),
        sensitivity=sensitivity(counts),
        specificity=specificity(counts),
        auc=np.array([row.auc for row in rows]),
        hd95=np.array([row.boundary.hausdorff95 for row in rows]),
        msd=np.array([row.boundary.mean for row in rows]),
        true_area=counts.tp + counts.fn,
        predicted_area=counts.tp + counts.fp,
        presence=np.array([row.presence for row in rows]),
    )
    return Measured(scores, counts, pixels)


def _row(frame: Frame, pixels: PixelRanking) -> _Row:
    """Measure one frame, and add its pixels to those of all frames."""
    counts = count([frame.prediction], [frame.truth])
    ranking = PixelRanking()
    ranking.update(frame.codes, frame.truth)
    pixels.inside += ranking.inside
    pixels.outside += ranking.outside
    return _Row(counts, _boundary(frame), ranking.auc(), presence(ranking))


def _boundary(frame: Frame) -> Boundary:
    # Two empty masks are at distance 0 by the metric's convention. In a mean over frames that
    # would reward every empty frame with a perfect outline, and there are more of these.
    if not frame.truth.any():
        return Boundary(float("nan"), float("nan"))
    return boundary(frame.prediction, frame.truth)
