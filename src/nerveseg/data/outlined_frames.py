"""Contact sheets: frames with the outlines of their masks, side by side."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_EDGE: Final = 6
_COLOUR: Final = (40, 210, 255)  # blue, green, red


def tile(
    image: NDArray[np.uint8], mask: NDArray[np.uint8], caption: str | None = None
) -> NDArray[np.uint8]:
    """Return a frame at half its size, outlined and with a white edge.

    Args:
        image: H x W uint8.
        mask: H x W uint8 {0, 1}.
        caption: a line of text below the frame; characters other than ASCII become '?'.

    Returns:
        H' x W' x 3 uint8: blue, green, red.
    """
    height, width = image.shape
    coloured = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(coloured, contours, -1, _COLOUR, 2, cv2.LINE_AA)
    small = cv2.resize(coloured, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    framed = cv2.copyMakeBorder(
        small, _EDGE, _EDGE, _EDGE, _EDGE, cv2.BORDER_CONSTANT, value=(255, 255, 255)
    )
    if caption is not None:
        framed = np.vstack([framed, _text(caption, framed.shape[1])])
    return np.asarray(framed, dtype=np.uint8)


def sheet(tiles: Sequence[NDArray[np.uint8]], columns: int) -> NDArray[np.uint8]:
    """Return `tiles`, all of one size, row by row in one picture; missing ones are white."""
    columns = min(columns, len(tiles))
    blank = np.full_like(tiles[0], 255)
    full = [*tiles, *[blank] * (-len(tiles) % columns)]
    rows = [np.hstack(full[start : start + columns]) for start in range(0, len(full), columns)]
    return np.vstack(rows)


def _text(caption: str, width: int) -> NDArray[np.uint8]:
    strip = np.full((24, width, 3), 255, dtype=np.uint8)
    plain = caption.encode("ascii", "replace").decode()
    cv2.putText(
        strip, plain, (_EDGE, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA
    )
    return strip
