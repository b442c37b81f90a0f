"""How well the probabilities of prediction maps are calibrated.

Everything here follows from two histograms of the 256 codes, of the pixels inside and outside
the true masks, which `PixelRanking` keeps.
"""

from typing import Final, NamedTuple

import numpy as np

from nerveseg.maps import LEVELS, logits_of
from nerveseg.metrics.ranking import PixelRanking

PROBABILITY: Final = 1 / (1 + np.exp(-logits_of(np.arange(LEVELS, dtype=np.uint8)).astype(float)))
"""The probability that each code stands for, 256 float64: the probability of its bin's middle."""


class CalibrationBin(NamedTuple):
    """The pixels whose predicted probability falls into one bin.

    Attributes:
        low: lower edge of the bin.
        high: upper edge of the bin.
        pixels: number of pixels.
        predicted: their mean predicted probability; NaN if there are none.
        observed: the share of them inside the true mask; NaN if there are none.
    """

    low: float
    high: float
    pixels: int
    predicted: float
    observed: float


def calibration(pixels: PixelRanking, bins: int) -> list[CalibrationBin]:
    """Return the pixels sorted into `bins` bins of equal width in predicted probability."""
    edges = np.linspace(0, 1, bins + 1)
    bin_of_code = np.minimum((PROBABILITY * bins).astype(int), bins - 1)
    rows = []
    for index in range(bins):
        chosen = bin_of_code == index
        inside, outside = pixels.inside[chosen], pixels.outside[chosen]
        count = int(inside.sum() + outside.sum())
        predicted = float((inside + outside) @ PROBABILITY[chosen]) / count if count else np.nan
        observed = int(inside.sum()) / count if count else np.nan
        bounds = float(edges[index]), float(edges[index + 1])
        rows.append(CalibrationBin(*bounds, count, predicted, observed))
    return rows


def calibration_error(bins: list[CalibrationBin]) -> float:
    """Return the mean over pixels of |predicted - observed| of the pixel's bin, in 0..1.

    Source: Naeini, Cooper and Hauskrecht, AAAI 2015 (expected calibration error).
    """
    filled = [row for row in bins if row.pixels]
    error = sum(row.pixels * abs(row.predicted - row.observed) for row in filled)
    return error / sum(row.pixels for row in filled)


def brier(pixels: PixelRanking) -> float:
    """Return the mean squared difference between predicted probability and truth (Brier, 1950)."""
    squares = pixels.outside @ PROBABILITY**2 + pixels.inside @ (1 - PROBABILITY) ** 2
    return float(squares / (pixels.inside.sum() + pixels.outside.sum()))
