"""How closely the masks of an engine agree with those of torch."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.artefact.decision import DecisionRule
from nerveseg.engines.sessions import Engine
from nerveseg.inference.postprocess import clean
from nerveseg.metrics.overlap import count, dice

LEAST: Final[dict[str, float]] = {"fp32": 0.999, "int8": 0.99}
"""Lowest mean Dice with torch's masks at which a file is written, by precision."""


class Agreement(NamedTuple):
    """Agreement over frames.

    Attributes:
        dice: mean Dice of the two masks; 1 where both are empty.
        lowest: that of the worst frame.
        probability: largest difference between two probabilities.
        frames: their number.
    """

    dice: float
    lowest: float
    probability: float
    frames: int


def measure(
    engine: Engine, reference: Engine, frames: Iterable[NDArray[np.uint8]], rule: DecisionRule
) -> Agreement:
    """Return how well `engine` agrees with `reference`.

    Args:
        engine: the one to judge.
        reference: the one to agree with.
        frames: each H x W uint8, at least one.
        rule: how probabilities become masks.
    """
    values, furthest = [], 0.0
    for frame in frames:
        pair = [each(frame[np.newaxis]) for each in (engine, reference)]
        found, wanted = ([_mask(each[0], rule)] for each in pair)
        values.append(float(dice(count(found, wanted))[0]))
        furthest = max(furthest, float(np.abs(pair[0] - pair[1]).max()))
    return Agreement(float(np.mean(values)), min(values), furthest, len(values))


def _mask(probability: NDArray[np.float32], rule: DecisionRule) -> NDArray[np.uint8]:
    return clean(probability >= rule.threshold, rule.min_blob, rule.min_total)
