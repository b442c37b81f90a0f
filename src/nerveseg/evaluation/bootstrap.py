"""How sure a mean over frames is, when frames of one subject are nearly identical.

Subjects are drawn with replacement and bring all their frames; the mean is over the frames of
the drawn subjects (Davison and Hinkley, Bootstrap Methods, 1997, section 3.8). The same draws
serve every network, so that differences between networks are paired.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEAST_SUBJECTS: Final = 3
"""With fewer the spread between subjects is a guess: intervals and tests are NaN."""

ROUNDING: Final = 1e-12
"""Differences below are none."""

_BLOCK = 1 << 20


class Interval(NamedTuple):
    """A range with the confidence it was asked for; NaN where there are too few subjects."""

    low: float
    high: float


class Sample(NamedTuple):
    """A bootstrap of the mean over frames for K series of scores, say K networks.

    Attributes:
        mean: K, the mean over all frames.
        draws: B x K, the means of the B samples.
        subjects: how many subjects there are.
    """

    mean: NDArray[np.float64]
    draws: NDArray[np.float64]
    subjects: int


def bootstrap(
    scores: NDArray[np.float64], subject: NDArray[np.int64], draws: int, seed: int
) -> Sample:
    """Resample the subjects.

    Args:
        scores: N x K, a row per frame.
        subject: N, the subject of each frame.
        draws: number of samples B.
        seed: the same seed draws the same subjects.
    """
    sums, frames = subject_sums(scores, subject)
    count = len(frames)
    rng = np.random.default_rng(seed)
    means = np.empty((draws, scores.shape[1]))
    block = max(1, _BLOCK // count)
    for start in range(0, draws, block):
        rows = min(block, draws - start)
        times = rng.multinomial(count, np.full(count, 1 / count), size=rows).astype(np.float64)
        means[start : start + rows] = (times @ sums) / (times @ frames)[:, None]
    return Sample(sums.sum(axis=0) / frames.sum(), means, count)


def subject_sums(
    scores: NDArray[np.float64], subject: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sum of scores of each subject, S x K, and its number of frames, S."""
    _, place, frames = np.unique(subject, return_inverse=True, return_counts=True)
    sums = np.zeros((len(frames), scores.shape[1]))
    np.add.at(sums, place, scores)
    return sums, frames.astype(np.float64)


def interval(mean: float, draws: NDArray[np.float64], subjects: int, level: float) -> Interval:
    """Return Student's interval with the bootstrap's standard error.

    Not percentiles of the draws: those never leave the range of the subjects' means, and the
    interval of 95% covered the truth in 75% of simulations with 3 subjects, 91% with 5. This
    one covered it in 91% to 96% with 3 to 47, skewed scores included.

    Args:
        mean: the figure over all frames.
        draws: B, its bootstrap.
        subjects: how many were drawn from.
        level: of confidence, 0.95 say.
    """
    if subjects < LEAST_SUBJECTS:
        return Interval(np.nan, np.nan)
    half = float(stats.t.ppf((1 + level) / 2, subjects - 1)) * standard_error(draws, subjects)
    return Interval(mean - half, mean + half)


def p_value(difference: float, draws: NDArray[np.float64], subjects: int) -> float:
    """Return the two-sided p of a difference against 0, of which `interval` is the inversion.

    The share of draws beyond 0 cannot fall below 1 / B, which is soon more than a correction
    for many comparisons allows; Student's distribution has no such floor.

    Args:
        difference: the mean difference.
        draws: B, its bootstrap.
        subjects: how many were drawn from.
    """
    if subjects < LEAST_SUBJECTS:
        return float("nan")
    error = standard_error(draws, subjects)
    # Rounding leaves 1e-17 where two networks do the same.
    if abs(difference) < ROUNDING:
        return 1.0
    if error < ROUNDING:
        return 0.0
    return float(2 * stats.t.sf(abs(difference) / error, subjects - 1))


def standard_error(draws: NDArray[np.float64], subjects: int) -> float:
    """Return the standard error of a bootstrapped figure.

    The draws' own spread has the divisor n; the factor makes it n - 1 (Hesterberg, What Teachers
    Should Know About the Bootstrap, Am. Stat. 2015, section 4.1).
    """
    return float(draws.std()) * math.sqrt(subjects / (subjects - 1))
