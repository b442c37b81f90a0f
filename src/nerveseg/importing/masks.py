"""From the pixels of a mask file to a mask: classes by value or colour, outlines to be filled."""

from typing import Any, Final, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.errors import InputError

Fill = Literal["closed", "hull", "never"]
"""What to fill: closed lines, the convex hull of each line, which may be open, or nothing."""

_SHOWN: Final = 6
_LOSSY_MIDDLE: Final = 128
_THICK: Final = 7  # pixels; an area of any use is thicker somewhere
_MOSTLY: Final = 3


class Inside(NamedTuple):
    """Which pixels of a mask file are inside.

    Attributes:
        values: grey levels or indices of a palette; empty to recognise masks of two values.
        colours: red, green and blue, each 0 to 255.
        tolerance: how far each channel may be from a colour.
        fill: how to fill lines, if the masks are lines around what they outline; None refuses such
            masks.
    """

    values: tuple[int, ...] = ()
    colours: tuple[tuple[int, int, int], ...] = ()
    tolerance: int = 0
    fill: Fill | None = None

    def mask(self, pixels: NDArray[Any], lossy: bool) -> NDArray[np.uint8]:
        """Return the mask that a file stores, H x W uint8 {0, 1}.

        Args:
            pixels: H x W, or H x W x 3 (red, green, blue).
            lossy: whether compression may have changed the values: then, without `values` and
                `colours`, those from 128 are inside.

        Raises:
            InputError: the values do not tell what is inside, or lines are found without `fill`, or
                open ones with `closed`.
        """
        if self.colours:
            chosen = self._of_colours(pixels)
        else:
            chosen = self._of_values(_one_channel(pixels, lossy), lossy)
        if self.fill is None and is_line(chosen):
            raise InputError(
                "a thin line rather than an area; give --fill-outlines closed to fill it, or never "
                "to take it as it is"
            )
        return chosen if self.fill in (None, "never") else filled(chosen, self.fill)

    def _of_colours(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
        if pixels.ndim == 2:  # noqa: PLR2004
            pixels = np.repeat(pixels[..., None], 3, axis=2)
        inside = np.zeros(pixels.shape[:2], dtype=np.bool_)
        for colour in self.colours:
            apart = np.abs(pixels.astype(np.int32) - np.array(colour)).max(axis=2)
            inside |= apart <= self.tolerance
        return inside.astype(np.uint8)

    def _of_values(self, pixels: NDArray[Any], lossy: bool) -> NDArray[np.uint8]:
        if self.values:
            return np.asarray(np.isin(pixels, self.values), dtype=np.uint8)
        if lossy:
            return np.asarray(pixels >= _LOSSY_MIDDLE, dtype=np.uint8)
        found = np.unique(pixels)
        if len(found) > 2 or (len(found) == 2 and found[0] != 0):  # noqa: PLR2004
            some = ", ".join(map(str, found[:_SHOWN].tolist()))
            more = ", ..." if len(found) > _SHOWN else ""
            raise InputError(
                f"a mask of {len(found)} values ({some}{more}); say which of them are inside "
                "with --mask-value"
            )
        if len(found) == 1 and found[0] != 0:
            raise InputError(
                f"a mask in which every pixel is {found[0]}; say which value is inside with "
                "--mask-value, or replace it"
            )
        return np.asarray(pixels != 0, dtype=np.uint8)


def is_line(mask: NDArray[np.uint8]) -> bool:
    """Return whether a mask is a thin line that encloses most of its area.

    Args:
        mask: H x W uint8 {0, 1}.
    """
    if not mask.any() or cv2.erode(mask, np.ones((_THICK, _THICK), np.uint8)).any():
        return False
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    enclosed = sum(cv2.contourArea(cv2.convexHull(contour)) for contour in contours)
    return bool(enclosed > _MOSTLY * int(mask.sum()))


def filled(lines: NDArray[np.uint8], fill: Fill) -> NDArray[np.uint8]:
    """Return lines with what they enclose.

    Args:
        lines: H x W uint8 {0, 1}.
        fill: `closed` fills closed lines; `hull` the convex hull of each line.

    Returns:
        H x W uint8 {0, 1}; an empty mask stays empty.

    Raises:
        InputError: `closed`, and a line encloses nothing.
    """
    contours, _ = cv2.findContours(lines, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    result = np.zeros_like(lines)
    for contour in contours:
        shape = cv2.convexHull(contour) if fill == "hull" else contour
        one = np.zeros_like(lines)
        cv2.drawContours(one, [shape], -1, 1, cv2.FILLED)
        if fill == "closed" and not (one & ~lines & 1).any():
            left, top, _, _ = cv2.boundingRect(contour)
            raise InputError(
                f"a line at row {top}, column {left} encloses nothing; close it, or give "
                "--fill-outlines hull if what it outlines is convex"
            )
        result |= one
    return result


def _one_channel(pixels: NDArray[Any], lossy: bool) -> NDArray[Any]:
    if pixels.ndim == 2:  # noqa: PLR2004
        return pixels
    first = pixels[..., 0]
    if lossy or (pixels == first[..., None]).all():
        return first
    colours = np.unique(pixels.reshape(-1, 3), axis=0)
    some = " ".join(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in colours[:_SHOWN])
    raise InputError(
        f"a mask of {len(colours)} colours ({some}{' ...' if len(colours) > _SHOWN else ''}); say "
        "which of them are inside with --mask-color"
    )
