"""Rules that go by the number of pixels, tuned by trying all for the highest mean Dice."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nerveseg.decision.measured import Measured
from nerveseg.inference.rule import Rule, Sure

AREAS: Final = (0, 50, 100, 200, 300, 500, 700, 1000, 1400, 2000, 2800, 4000, 5600, 8000, 11000)
"""Least areas that are tried, in pixels: each about 1.4 times the one before."""


def fit_fixed(measured: Measured, fixed: Rule) -> Rule:
    """Return the rule of the section `encode`, whatever the frames."""
    return fixed


def fit_area(measured: Measured, fixed: Rule) -> Rule:
    """Return the threshold and least area with the highest mean Dice.

    Args:
        measured: the frames to fit on.
        fixed: the rule of the section `encode`, which is among the candidates.
    """
    areas = _nearest_first((*AREAS, fixed.min_total), fixed.min_total)
    thresholds = _nearest_first(measured.thresholds, fixed.threshold)
    columns = [measured.thresholds.index(threshold) for threshold in thresholds]
    gains = _gains(measured)
    # Thresholds x areas: the summed gain of outlining over emptying.
    totals = np.array(
        [[gains[measured.area[:, t] >= area, t].sum() for area in areas] for t in columns]
    )
    best, area = np.unravel_index(_first_maximum(totals), totals.shape)
    return fixed.model_copy(
        update={"name": "area", "threshold": thresholds[best], "min_total": int(areas[area])}
    )


def fit_triplet(measured: Measured, fixed: Rule) -> Rule:
    """Return the two thresholds and the least area with the highest mean Dice.

    A frame is outlined at the low threshold if at least the least area is above the high one.
    Source: the first place in the SIIM-ACR pneumothorax segmentation (Kaggle, 2019).

    Args:
        measured: the frames to fit on.
        fixed: the rule of the section `encode`; the search prefers equals that are near to it.
    """
    areas = _nearest_first((*AREAS, fixed.min_total), fixed.min_total)
    thresholds = _nearest_first(measured.thresholds, fixed.threshold)
    columns = [measured.thresholds.index(threshold) for threshold in thresholds]
    gains = _gains(measured)[:, columns]
    sure = measured.above[:, columns, None] >= np.array(areas)
    # High thresholds x areas x low thresholds.
    totals = np.tensordot(sure.astype(np.float64), gains, axes=(0, 0))
    allowed = np.array(thresholds)[:, None] >= np.array(thresholds)
    totals = np.where(allowed[:, None], totals, -np.inf)
    high, area, low = np.unravel_index(_first_maximum(totals), totals.shape)
    return fixed.model_copy(
        update={
            "name": "triplet",
            "threshold": thresholds[low],
            "min_total": 0,
            "sure": Sure(threshold=thresholds[high], pixels=int(areas[area])),
        }
    )


def _gains(measured: Measured) -> NDArray[np.float64]:
    """Return the Dice of every mask minus that of the empty mask, N x T."""
    return measured.outlined_dice - measured.emptied_dice[:, None]


def _nearest_first(values: tuple[float, ...], to: float) -> list[float]:
    """Return the distinct values: of candidates that are equally good, the first is taken."""
    return sorted(set(values), key=lambda value: (abs(value - to), value))


def _first_maximum(totals: NDArray[np.float64]) -> int:
    # Sums in another order differ by rounding: that must not decide between equals.
    return int(np.round(totals, 9).argmax())
