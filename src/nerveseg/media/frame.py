"""One frame of any medium, as the predictor needs it."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.errors import InputError

MOST_PIXELS: Final = 1 << 25
"""Limit on the number of pixels of a frame, 33 million; a 4K screen has 8 million."""

LEAST_SIDE: Final = 16
"""Limit on height and width: a smaller frame shows no anatomy."""

Levels = tuple[float, float]
"""The values that become black and white."""

_COLOURS: Final = 3
_LEVELS_OF_BITS: Final = (255, 1023, 4095, 16383, 65535)


class Region(NamedTuple):
    """The part of a frame that shows ultrasound; the rest are margins, texts and curves.

    Attributes:
        top: first row.
        left: first column.
        height: number of rows.
        width: number of columns.
    """

    top: int
    left: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The region as an index into a frame."""
        rows = slice(self.top, self.top + self.height)
        return rows, slice(self.left, self.left + self.width)


class Frame(NamedTuple):
    """One frame.

    Attributes:
        image: H x W uint8, grey levels 0 (black) to 255.
        region: the part to predict; None for all of it.
        spacing: height and width of a pixel in mm, if known.
        time: seconds since the first frame, if known.
    """

    image: NDArray[np.uint8]
    region: Region | None = None
    spacing: tuple[float, float] | None = None
    time: float | None = None


def check_size(height: int, width: int) -> None:
    """Check the size that a file declares, before it is decoded.

    Raises:
        InputError: a side is below `LEAST_SIDE`, or there are more than `MOST_PIXELS`.
    """
    if min(height, width) < LEAST_SIDE:
        raise InputError(
            f"{width} wide and {height} high, less than the {LEAST_SIDE} x {LEAST_SIDE} pixels "
            "that a frame must have; save it larger or leave it out"
        )
    if height * width > MOST_PIXELS:
        raise InputError(
            f"{width} wide and {height} high, more than the {MOST_PIXELS:,} pixels that a frame "
            "may have; crop it"
        )


def to_grey(pixels: NDArray[np.generic], levels: Levels | None = None) -> NDArray[np.uint8]:
    """Return an image of 8 or 16 bits, grey or in colour, as H x W uint8.

    Colours become their luma (ITU-R BT.601); grey stored as colour keeps its levels. An alpha
    channel is dropped. 16 bits are scaled from the smallest of the ranges of 8, 10, 12, 14 and 16
    bits that holds the brightest pixel, because files do not say how many of them are in use.

    Args:
        pixels: H x W or H x W x channels (1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha),
            unsigned.
        levels: the values to scale from instead.

    Raises:
        InputError: the pixels are signed or floating-point, or have other channels.
    """
    opaque = without_alpha(pixels)
    if opaque.ndim == _COLOURS:
        opaque = cv2.cvtColor(np.ascontiguousarray(opaque), cv2.COLOR_RGB2GRAY)
    return scale_to_bytes(opaque, levels or (0, _brightest_of(opaque)))


def without_alpha(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the values of an image: H x W, or H x W x 3 if it is in colour.

    Args:
        pixels: see `to_grey`.

    Raises:
        InputError: see `to_grey`.
    """
    if pixels.dtype not in (np.uint8, np.uint16):
        raise InputError(f"its pixels are {pixels.dtype}; save it with 8 or 16 bits, unsigned")
    if pixels.ndim == 2:  # noqa: PLR2004
        return pixels
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 2, 3, 4):  # noqa: PLR2004
        raise InputError(f"its pixels have the shape {pixels.shape}; save it grey or in RGB")
    return pixels[..., 0] if pixels.shape[2] < _COLOURS else pixels[..., :_COLOURS]


def scale_to_bytes(pixels: NDArray[np.generic], levels: Levels) -> NDArray[np.uint8]:
    """Return unsigned `pixels` with `levels` scaled to 0 and 255, rounded and clipped."""
    if pixels.dtype == np.uint8 and levels == (0, 255):
        return np.ascontiguousarray(pixels, dtype=np.uint8)
    low, high = levels
    scaled = np.rint((pixels.astype(np.float32) - np.float32(low)) * np.float32(255 / (high - low)))
    return np.ascontiguousarray(scaled.clip(0, 255), dtype=np.uint8)


def _brightest_of(pixels: NDArray[np.generic]) -> int:
    """Return the greatest value of the range of bits that is in use."""
    if pixels.dtype == np.uint8:
        return 255
    brightest = int(pixels.max())
    return next(highest for highest in _LEVELS_OF_BITS if brightest <= highest)
