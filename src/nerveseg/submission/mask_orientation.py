"""The usual signs that a well-formed mask was encoded in the wrong orientation or size.

In a compact mask a run starts about one image height after the run of the column before. The
spacing of the starts therefore tells how high the encoded image was: 420 as it should be, 580
where it was encoded along its rows, or the height that the network worked at.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nerveseg.rle import IMAGE_SHAPE, covering

_FEWEST_RUNS: Final = 6
# No network works on so few rows; noise and stripes have spacings below it.
_LOWEST: Final = 32
# A mask is compact at a spacing where so much of it lies beside another run ...
_COMPACT: Final = 0.8
# ... and by so much more than at the right spacing.
_CLEARLY: Final = 0.2
# The outline's slope moves the spacing by a few pixels: nearer than this it means nothing.
_SLOPE: Final = 60
_ROW_TOLERANCE: Final = 40
# No outlined nerve of the competition ends in the left quarter of the frame, let alone all.
_FEWEST_MASKS: Final = 10
_SMALLER_IMAGE: Final = 256 * 256


def misread(runs: NDArray[np.int64]) -> str | None:
    """Return what looks wrong about the runs of one mask (`nerveseg.rle.runs`), or None."""
    height, width = IMAGE_SHAPE
    if len(runs) < _FEWEST_RUNS or (spacing := _spacing(runs)) < _LOWEST:
        return None
    found, right = _overlap(runs, spacing), _overlap(runs, height)
    off = abs(spacing - height)
    if found < _COMPACT or right > found - _CLEARLY:
        return None
    if off <= _SLOPE and np.median(runs[:, 1] - runs[:, 0]) < off:
        return None  # a thin slanted line
    if abs(spacing - width) <= _ROW_TOLERANCE:
        return (
            f"the runs lie along rows (their starts are {spacing} pixels apart): wrong "
            "orientation; encode down the columns, first column first"
        )
    return (
        f"the starts of the runs are {spacing} pixels apart, as in an image about {spacing} "
        f"pixels high: resize the mask to {height}x{width} (height x width) before encoding"
    )


def cramped(ends: Sequence[int]) -> bool:
    """Return whether the masks of a whole file lie where a smaller image would put them.

    Heights that divide 420 leave no sign in a single mask: every second column of an image 210
    high falls beside the next. Together the masks then end early all the same.

    Args:
        ends: number of the last pixel of each mask that is not empty.
    """
    return len(ends) >= _FEWEST_MASKS and max(ends) <= _SMALLER_IMAGE


def _spacing(runs: NDArray[np.int64]) -> int:
    return int(np.median(np.diff(runs[:, 0])))


def _overlap(runs: NDArray[np.int64], spacing: int) -> float:
    """Return the share of pixels, but for the last column's, that are inside after a shift."""
    starts, ends = runs[:, 0] + spacing, runs[:, 1] + spacing
    there = starts < runs[-1, 1]
    if not there.any():
        return 0.0
    covered = covering(runs, ends[there]) - covering(runs, starts[there])
    return float(covered.sum() / (ends - starts)[there].sum())
