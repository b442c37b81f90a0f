"""Whether a run is better than the baselines, which need no network."""

import logging
import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.data.layout import TrainRecord
from nerveseg.errors import InputError
from nerveseg.evaluation.baselines import Baselines
from nerveseg.evaluation.clustered import MIN_SUBJECTS, ROUNDING, clustered_means
from nerveseg.evaluation.frame_scores import FrameScores
from nerveseg.params.train import BASELINES
from nerveseg.rle import IMAGE_SHAPE
from nerveseg.verdicts import ABOVE, BELOW, EVERYTHING, INSEPARABLE, NOTHING, TOO_FEW

NEARLY: Final = 0.95
"""A run outlines everything if the masks of this share of the frames fill this share of them."""

log = logging.getLogger(__name__)


class Verdict(NamedTuple):
    """One run compared with the better of the two baselines, on the same validation frames.

    Attributes:
        baseline: the baseline with the higher mean Dice.
        over_baseline: mean Dice of the run minus that of the baseline.
        over_baseline_low: lower end of the difference's confidence interval.
        over_baseline_high: upper end; both are NaN with fewer than three subjects.
        verdict: one of `nerveseg.verdicts`: `NOTHING` or `EVERYTHING` if the training collapsed;
            otherwise `BELOW` if the mean is no higher than the baseline's, `TOO_FEW` if it is but
            there is no interval, `INSEPARABLE` if the interval includes 0, and `ABOVE`.
    """

    baseline: str
    over_baseline: float
    over_baseline_low: float
    over_baseline_high: float
    verdict: str


def judge(
    frames: FrameScores, baselines: Baselines, truths: Sequence[TrainRecord], level: float
) -> Verdict:
    """Compare a run with the better of the baselines, paired by frame and clustered by subject.

    Args:
        frames: the scores of the run's N validation frames.
        baselines: the scores of the baselines.
        truths: the records of the N frames.
        level: confidence level of the interval.

    Raises:
        InputError: the baselines were scored on other frames.
    """
    if [record[:2] for record in truths] != baselines.keys:
        raise InputError("data/baselines: other frames than those of the run; run dvc repro")
    better = max(BASELINES, key=lambda name: float(baselines.dice[name].mean()))
    pair = np.stack([frames["dice"], baselines.dice[better]], axis=1)
    means = clustered_means(pair, np.array([record.subject for record in truths])).minus(1)
    difference, (low, high) = float(means.mean[0]), means.interval(0, level)
    said = _collapse(frames["predicted_area"]) or _standing(difference, low, means.subjects)
    return Verdict(better, difference, low, high, said)


def _collapse(predicted_area: NDArray[np.float64]) -> str:
    if not predicted_area.any():
        return NOTHING
    full = predicted_area >= NEARLY * IMAGE_SHAPE[0] * IMAGE_SHAPE[1]
    return EVERYTHING if full.mean() >= NEARLY else ""


def _standing(difference: float, low: float, subjects: int) -> str:
    if difference < ROUNDING:
        return BELOW
    if subjects < MIN_SUBJECTS:
        return TOO_FEW
    return ABOVE if low > ROUNDING else INSEPARABLE


def warn(run: str, verdict: Verdict, baselines: Baselines) -> None:
    """Log a warning if the run is not above the baselines, or was trained without any nerve.

    Args:
        run: its name.
        verdict: what `judge` returned.
        baselines: what the stage `baselines` wrote.
    """
    if not baselines.train_nerves:
        log.warning("%s: no training frame has an outlined nerve; check the archive's masks", run)
    if verdict.verdict != ABOVE:
        low, high = verdict.over_baseline_low, verdict.over_baseline_high
        interval = "" if math.isnan(low) else f" (interval {low:+.4f} to {high:+.4f})"
        log.warning(
            "%s: %s: mean validation Dice minus that of %s: %+.4f%s",
            run, verdict.verdict, verdict.baseline, verdict.over_baseline, interval,
        )  # fmt: skip
