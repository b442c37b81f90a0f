"""Tests of differences between networks, and their correction for being many."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from nerveseg.evaluation.bootstrap import LEAST_SUBJECTS


def holm(values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values corrected for their number (Holm, Scand. J. Stat. 1979); NaN stays NaN."""
    p = np.asarray(values, dtype=np.float64)
    corrected = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1)
    return corrected


def holm_pairs(p: Sequence[float]) -> list[tuple[float, float]]:
    """Return every p with its corrected value."""
    return list(zip(p, holm(p).tolist(), strict=True))


def wilcoxon(differences: NDArray[np.float64]) -> float:
    """Return the two-sided p of the signed-rank test on the subjects' mean differences.

    1 when all are 0; NaN with fewer than three subjects.
    """
    if len(differences) < LEAST_SUBJECTS:
        return float("nan")
    # Equal networks differ by rounding alone, and rounding has ranks too.
    rounded = np.round(differences, 12)
    if not rounded.any():
        return 1.0
    return float(stats.wilcoxon(rounded).pvalue)
