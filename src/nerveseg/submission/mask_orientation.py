"""Signs that a well-formed mask was encoded in the wrong orientation or size.

In a compact mask each run starts about one image height after the run in the previous column. The
spacing of the starts is therefore the height of the encoded image: 420 if it is right, 580 if the
mask was encoded along its rows, or the height at which the network worked.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nerveseg.rle import IMAGE_SHAPE, covering

_MIN_RUNS: Final = 6
# Networks work on taller images than this; noise and stripes have smaller spacings.
_MIN_SPACING: Final = 32
# A mask was encoded at a spacing if, shifted by it, this share of its pixels stays inside, ...
_MIN_OVERLAP: Final = 0.8
# ... and if the share at the right spacing is lower by this much.
_OVERLAP_MARGIN: Final = 0.2
# Slanted outlines change the spacing by a few pixels, so smaller differences are not evidence.
_SLANT_TOLERANCE: Final = 60
_ROW_TOLERANCE: Final = 40
# No nerve in the competition lies wholly in the left quarter of the frame, let alone all of them.
_MIN_MASKS: Final = 10
_SMALLER_IMAGE: Final = 256 * 256


def describe_mistake(runs: NDArray[np.int64]) -> str | None:
    """Return what looks wrong about one mask, or None.

    Args:
        runs: K x 2, as `nerveseg.rle.runs` returns them.
    """
    height, width = IMAGE_SHAPE
    if len(runs) < _MIN_RUNS or (spacing := _spacing(runs)) < _MIN_SPACING:
        return None
    deviation = abs(spacing - height)
    overlap = _overlap(runs, spacing)
    if overlap < _MIN_OVERLAP or _overlap(runs, height) > overlap - _OVERLAP_MARGIN:
        return None
    if deviation <= _SLANT_TOLERANCE and np.median(runs[:, 1] - runs[:, 0]) < deviation:
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


def all_end_early(ends: Sequence[int]) -> bool:
    """Return whether all masks of a file end so early that the encoded images were smaller.

    If the height of the smaller image divides 420, a single mask looks normal: with a height of
    210, for example, every second column appears beside the column before it. However, all masks
    then end early.

    Args:
        ends: number of the last pixel of each mask that is not empty, counted from 1.
    """
    return len(ends) >= _MIN_MASKS and max(ends) <= _SMALLER_IMAGE


def _spacing(runs: NDArray[np.int64]) -> int:
    return int(np.median(np.diff(runs[:, 0])))


def _overlap(runs: NDArray[np.int64], spacing: int) -> float:
    """Return the share of pixels that stay inside when shifted, leaving out the last column."""
    starts, ends = runs[:, 0] + spacing, runs[:, 1] + spacing
    there = starts < runs[-1, 1]
    if not there.any():
        return 0.0
    covered = covering(runs, ends[there]) - covering(runs, starts[there])
    return float(covered.sum() / (ends - starts)[there].sum())
