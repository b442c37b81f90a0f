"""Tries engines side by side: how fast each is here, and whether it agrees with torch."""

import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.artefact.decision import DecisionRule
from nerveseg.engines.agreement import LEAST, Agreement, measure
from nerveseg.engines.sessions import Engine

TURNS: Final = 2
UNCOUNTED: Final = 2
COUNTED: Final = 4
FURTHEST: Final = 0.1
"""Largest difference between two probabilities at which engines agree. Masks alone would not do:
those of a network that outlines nothing always agree."""
_RULE: Final = DecisionRule(threshold=0.5, min_blob=0, min_total=0)


class Trial(NamedTuple):
    """How an engine did.

    Attributes:
        seconds: median time for one frame.
        agreement: with torch in float32.
    """

    seconds: float
    agreement: Agreement

    @property
    def agrees(self) -> bool:
        """Whether its masks may stand for those of torch in float32."""
        return self.agreement.dice >= LEAST["fp32"] and self.agreement.probability <= FURTHEST


def try_engines(
    engines: Mapping[str, Engine], reference: Engine, frames: NDArray[np.uint8]
) -> dict[str, Trial]:
    """Return how each engine did, by name.

    Args:
        engines: name -> engine.
        reference: torch in float32.
        frames: N x H x W uint8, at least one.
    """
    seconds = seconds_in_turns(engines, frames, TURNS, COUNTED)
    return {
        name: Trial(float(np.median(seconds[name])), measure(engine, reference, frames, _RULE))
        for name, engine in engines.items()
    }


def seconds_in_turns(
    engines: Mapping[str, Callable[[NDArray[np.uint8]], object]],
    frames: NDArray[np.uint8],
    turns: int,
    counted: int,
) -> dict[str, list[float]]:
    """Return the seconds that each engine takes for one frame, `turns` x `counted` of them.

    The engines take turns, so that whatever else the machine does slows all of them down. The first
    frames of a turn are not counted: worker threads go on waiting for work for a while after an
    engine has finished, and take a core from the next one.

    Args:
        engines: name -> what is given 1 x H x W.
        frames: N x H x W uint8, at least one.
        turns: turns of each engine.
        counted: frames that are counted in a turn.
    """
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(turns):
        for name, engine in engines.items():
            for index in range(UNCOUNTED + counted):
                frame = frames[index % len(frames)][np.newaxis]
                start = time.perf_counter()
                engine(frame)
                taken = time.perf_counter() - start
                if index >= UNCOUNTED:
                    seconds[name].append(taken)
    return seconds
