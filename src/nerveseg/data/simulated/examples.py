"""A few simulated frames, for whoever needs some and has none."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nerveseg.data.simulated.anatomy import draw_neck
from nerveseg.data.simulated.bmode import scan
from nerveseg.data.simulated.tissue import paint

_SEED: Final = 2016
_SUBJECTS: Final = 4
_FRAMES: Final = 2


def example_frames() -> list[NDArray[np.uint8]]:
    """Return eight B-mode images of four subjects, each 420 x 580 uint8."""
    necks = [draw_neck(_SEED, number, _FRAMES, 0.5) for number in range(1, _SUBJECTS + 1)]
    pairs = [(neck, frame) for neck in necks for frame in range(_FRAMES)]
    return [scan(neck, paint(neck, frame), frame) for neck, frame in pairs]
