"""Which differences between runs the data support, and which they do not."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from nerveseg.evaluation.clustered import MIN_SUBJECTS, ClusteredMeans, subject_sums


class Comparison(NamedTuple):
    """One run compared with the reference on the same frames.

    Attributes:
        run: its name.
        reference: the name of the reference run.
        frames: number of frames that both were scored on.
        subjects: number of subjects that these frames come from.
        dice: mean Dice of the run.
        reference_dice: mean Dice of the reference.
        difference: dice minus reference_dice.
        low: lower end of the difference's confidence interval.
        high: upper end.
        t_test_p: p-value of the mean difference being 0, by a t test clustered by subject.
        t_test_holm: the same, corrected for the number of runs.
        wilcoxon_p: p-value of the subjects' mean differences being symmetric about 0.
        wilcoxon_holm: the same, corrected for the number of runs.
        separated: whether t_test_holm is below 1 - level.
        verdict: better, worse, not separable, or too few subjects.
    """

    run: str
    reference: str
    frames: int
    subjects: int
    dice: float
    reference_dice: float
    difference: float
    low: float
    high: float
    t_test_p: float
    t_test_holm: float
    wilcoxon_p: float
    wilcoxon_holm: float
    separated: bool
    verdict: str


class Standing(NamedTuple):
    """One run compared with the best run.

    Attributes:
        run: its name.
        dice: mean Dice.
        low: lower end of its confidence interval.
        high: upper end.
        p: p-value of its difference from the best, corrected for all pairs of runs.
        with_best: whether the data cannot distinguish it from the best.
    """

    run: str
    dice: float
    low: float
    high: float
    p: float
    with_best: bool


def compare(
    runs: Sequence[str],
    reference: str,
    dice: NDArray[np.float64],
    subject: NDArray[np.int64],
    *,
    means: ClusteredMeans,
    level: float,
) -> list[Comparison]:
    """Compare every other run with `reference`, in the order of `runs`.

    Args:
        runs: K names.
        reference: one of them.
        dice: N x K, a row per frame.
        subject: N, the subject of each frame.
        means: the clustered means of `dice`.
        level: confidence level of the intervals.
    """
    base = runs.index(reference)
    others = [k for k in range(len(runs)) if k != base]
    paired = means.minus(base)
    by_subject = subject_means(dice - dice[:, [base]], subject)
    t_tests = _with_holm([paired.p_value(k) for k in others])
    signed_ranks = _with_holm([wilcoxon(by_subject[:, k]) for k in others])
    rows = []
    for k, t_test, signed_rank in zip(others, t_tests, signed_ranks, strict=True):
        separated = t_test[1] < 1 - level
        difference = float(paired.mean[k])
        low, high = paired.interval(k, level)
        row = Comparison(
            run=runs[k],
            reference=reference,
            frames=len(dice),
            subjects=means.subjects,
            dice=float(means.mean[k]),
            reference_dice=float(means.mean[base]),
            difference=difference,
            low=low,
            high=high,
            t_test_p=t_test[0],
            t_test_holm=t_test[1],
            wilcoxon_p=signed_rank[0],
            wilcoxon_holm=signed_rank[1],
            separated=separated,
            verdict=_verdict(difference, separated, means.subjects),
        )
        rows.append(row)
    return rows


def standings(runs: Sequence[str], means: ClusteredMeans, level: float) -> list[Standing]:
    """Return the runs by decreasing mean Dice, and whether each is distinguishable from the best.

    The best run was chosen by the very means that are tested, so only a correction for all pairs
    of runs keeps the error rate below 1 - level; a correction for the pairs with the best run
    would not.

    Args:
        runs: K names.
        means: the clustered means of their Dice.
        level: confidence level of the intervals.
    """
    p = _pairwise_p(means)
    best = int(np.argmax(means.mean))
    order = np.argsort(-means.mean, kind="stable")
    rows = []
    for k in order.tolist():
        low, high = means.interval(k, level)
        # A mean Dice lies in 0..1; with few subjects Student's interval can exceed that.
        bounds = max(low, 0.0), min(high, 1.0)
        with_best = not p[best, k] < 1 - level
        rows.append(Standing(runs[k], float(means.mean[k]), *bounds, float(p[best, k]), with_best))
    return rows


def subject_means(scores: NDArray[np.float64], subject: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean score of each subject, S x K."""
    sums, frames = subject_sums(scores, subject)
    return sums / frames[:, None]


def holm(values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values corrected for their number (Holm, Scand. J. Stat. 1979); NaN stays NaN."""
    p = np.asarray(values, dtype=np.float64)
    corrected = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1)
    return corrected


def wilcoxon(differences: NDArray[np.float64]) -> float:
    """Return the two-sided p-value of the signed-rank test on the subjects' mean differences.

    1 if all differences are 0; NaN with fewer than three subjects.
    """
    if len(differences) < MIN_SUBJECTS:
        return float("nan")
    # Runs with the same masks differ by rounding errors, which must not be ranked.
    rounded = np.round(differences, 12)
    if not rounded.any():
        return 1.0
    return float(stats.wilcoxon(rounded).pvalue)


def _with_holm(p: Sequence[float]) -> list[tuple[float, float]]:
    """Return every p-value together with its corrected value."""
    return list(zip(p, holm(p).tolist(), strict=True))


def _pairwise_p(means: ClusteredMeans) -> NDArray[np.float64]:
    """Return the corrected p-value of every pair of runs, K x K, 1 on the diagonal."""
    count = len(means.mean)
    one, other = np.triu_indices(count, 1)
    p = np.ones((count, count))
    pairs = zip(one.tolist(), other.tolist(), strict=True)
    p[one, other] = p[other, one] = holm([means.minus(i).p_value(j) for i, j in pairs])
    return p


def _verdict(difference: float, separated: bool, subjects: int) -> str:
    if subjects < MIN_SUBJECTS:
        return "too few subjects"
    if not separated:
        return "not separable"
    return "better" if difference > 0 else "worse"
