"""A window on the part of a frame where something happens."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

MARGIN: Final = 30
LEAST: Final = 0.45  # of the frame's height and width: closer than that, anatomy loses its place


class Window(NamedTuple):
    """A rectangle of whole pixels, of the frame's own proportions."""

    top: int
    left: int
    height: int
    width: int


def window(mask: NDArray[np.uint8]) -> Window:
    """Return the least window that holds `mask` and its margin; the frame for an empty one."""
    rows, columns = mask.shape
    left, top, width, height = cv2.boundingRect(mask)
    if not width:
        return Window(0, 0, rows, columns)
    share = max((height + 2 * MARGIN) / rows, (width + 2 * MARGIN) / columns, LEAST)
    share = min(share, 1.0)
    size = round(share * rows), round(share * columns)
    centre = top + height / 2, left + width / 2
    return Window(_start(centre[0], size[0], rows), _start(centre[1], size[1], columns), *size)


def _start(centre: float, size: int, limit: int) -> int:
    return int(np.clip(round(centre - size / 2), 0, limit - size))
