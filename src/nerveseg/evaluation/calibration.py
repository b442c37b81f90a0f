"""What a prediction map's probabilities are worth, from the counts of its 256 codes.

All that is asked of the pixels is in their two histograms, inside and outside the truth, which
`PixelRanking` of uint8 codes keeps.
"""

from typing import Final, NamedTuple

import numpy as np

from nerveseg.maps import LEVELS, logits_of
from nerveseg.metrics.ranking import PixelRanking

PROBABILITY: Final = 1 / (1 + np.exp(-logits_of(np.arange(LEVELS, dtype=np.uint8)).astype(float)))
"""The probability that each code stands for, 256 float64: that of the middle of its bin."""

NERVE: Final = 5000
"""Pixels of a small nerve: nine in ten of those outlined in the competition are larger."""


class CalibrationBin(NamedTuple):
    """Pixels whose predicted probability is in one bin.

    Attributes:
        low: where the bin begins.
        high: where it ends.
        pixels: how many they are.
        predicted: their mean predicted probability; NaN without pixels.
        observed: the share of them inside the truth; NaN without pixels.
    """

    low: float
    high: float
    pixels: int
    predicted: float
    observed: float


def calibration(pixels: PixelRanking, bins: int) -> list[CalibrationBin]:
    """Return the pixels in `bins` bins of equal width in predicted probability."""
    edges = np.linspace(0, 1, bins + 1)
    place = np.minimum((PROBABILITY * bins).astype(int), bins - 1)
    rows = []
    for index in range(bins):
        chosen = place == index
        inside, outside = pixels.inside[chosen], pixels.outside[chosen]
        count = int(inside.sum() + outside.sum())
        predicted = float((inside + outside) @ PROBABILITY[chosen]) / count if count else np.nan
        observed = int(inside.sum()) / count if count else np.nan
        bounds = float(edges[index]), float(edges[index + 1])
        rows.append(CalibrationBin(*bounds, count, predicted, observed))
    return rows


def calibration_error(bins: list[CalibrationBin]) -> float:
    """Return the mean over pixels of |predicted - observed| of their bins.

    Source: Naeini, Cooper and Hauskrecht, AAAI 2015 (expected calibration error).
    """
    filled = [row for row in bins if row.pixels]
    wrong = sum(row.pixels * abs(row.predicted - row.observed) for row in filled)
    return wrong / sum(row.pixels for row in filled)


def brier(pixels: PixelRanking) -> float:
    """Return the mean squared difference of predicted probability and truth over the pixels."""
    wrong = pixels.outside @ PROBABILITY**2 + pixels.inside @ (1 - PROBABILITY) ** 2
    return float(wrong / (pixels.inside.sum() + pixels.outside.sum()))


def presence(pixels: PixelRanking) -> float:
    """Return how sure a map is of its surest `NERVE` pixels: their mean probability, 0..1.

    It ranks frames by whether there is room for a nerve. The sum over all pixels ranks worse,
    as the faint probabilities of a large background add up to a nerve, and so does the single
    highest, which any speck can have.
    """
    codes = pixels.inside + pixels.outside
    # From the highest code down, as many pixels of each as still belong to the surest.
    reached = np.minimum(np.cumsum(codes[::-1]), NERVE)
    taken = np.diff(reached, prepend=0)
    return float(taken @ PROBABILITY[::-1] / reached[-1])
