"""The metrics of a validation frame, computed in one pass over the frames of a run.

To add a metric, write its function in `nerveseg.metrics` and add an entry to `FRAME_METRICS`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.evaluation.presence import presence_score
from nerveseg.evaluation.validation_set import Frame
from nerveseg.metrics.overlap import Counts, accuracy, count, dice, sensitivity, specificity
from nerveseg.metrics.ranking import PixelRanking
from nerveseg.metrics.surface import Boundary, boundary


class ComparedFrame(NamedTuple):
    """Everything from which the metrics of one frame are computed.

    Attributes:
        frame: the two masks and the prediction map.
        counts: correct and incorrect pixels, arrays of length one.
        boundary: distances between the outlines; NaN unless both masks have one.
        ranking: how the prediction map ranks the pixels of this frame.
    """

    frame: Frame
    counts: Counts
    boundary: Boundary
    ranking: PixelRanking


class FrameMetric(NamedTuple):
    """A metric of one frame: a column of frames.csv.

    Attributes:
        compute: returns the value of a frame, NaN where it is undefined.
        averaged: whether scores.json holds its mean over the frames where it is defined.
        in_summary: whether that mean also goes into metrics/scores.json.
    """

    compute: Callable[[ComparedFrame], float]
    averaged: bool = True
    in_summary: bool = False


FRAME_METRICS: Final[Mapping[str, FrameMetric]] = {
    # The summary adds Dice itself, with its confidence interval.
    "dice": FrameMetric(lambda of: dice(of.counts).item()),
    "accuracy": FrameMetric(lambda of: accuracy(of.counts).item(), in_summary=True),
    "sensitivity": FrameMetric(lambda of: sensitivity(of.counts).item(), in_summary=True),
    "specificity": FrameMetric(lambda of: specificity(of.counts).item(), in_summary=True),
    # In scores.json `auc` is over all pixels of all frames, and the mean is `auc_image`.
    "auc": FrameMetric(lambda of: of.ranking.auc(), averaged=False),
    "hd95": FrameMetric(lambda of: of.boundary.hausdorff95, in_summary=True),
    "msd": FrameMetric(lambda of: of.boundary.mean, in_summary=True),
    "true_area": FrameMetric(lambda of: (of.counts.tp + of.counts.fn).item(), averaged=False),
    "predicted_area": FrameMetric(lambda of: (of.counts.tp + of.counts.fp).item(), averaged=False),
    "presence": FrameMetric(lambda of: presence_score(of.ranking), averaged=False),
}
"""Column of frames.csv -> metric, in the order of the columns; docs/metrics.md defines them."""


@dataclass(frozen=True)
class FrameScores:
    """The scores of the N frames of a run.

    Attributes:
        columns: name in `FRAME_METRICS` -> N float64.
        counts: correct and incorrect pixels of each frame.
        pixels: how the prediction maps rank the pixels of all frames together.
    """

    columns: dict[str, NDArray[np.float64]]
    counts: Counts
    pixels: PixelRanking

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Return the values of one metric."""
        return self.columns[name]


def score_frames(frames: Iterable[Frame]) -> FrameScores:
    """Return the scores of `frames`, of which there is at least one."""
    pixels = PixelRanking()
    rows, counts = [], []
    for frame in frames:
        compared = _compare(frame)
        pixels.add(compared.ranking)
        counts.append(compared.counts)
        rows.append([metric.compute(compared) for metric in FRAME_METRICS.values()])
    columns = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    return FrameScores(
        dict(zip(FRAME_METRICS, columns, strict=True)),
        Counts(*np.concatenate(counts, axis=1)),
        pixels,
    )


def _compare(frame: Frame) -> ComparedFrame:
    ranking = PixelRanking()
    ranking.update(frame.codes, frame.truth)
    return ComparedFrame(frame, count([frame.prediction], [frame.truth]), _boundary(frame), ranking)


def _boundary(frame: Frame) -> Boundary:
    # The metric defines the distance of two empty masks as 0. In a mean over frames that would
    # count every empty frame as a perfect outline, and most frames are empty.
    if not frame.truth.any():
        return Boundary(float("nan"), float("nan"))
    return boundary(frame.prediction, frame.truth)
