"""Pictures of frames with the outline of the nerve, the state, and what the picture is not."""

import math
from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.artefact.decision import State
from nerveseg.bedside.frame_result import FrameResult
from nerveseg.bedside.words import in_words
from nerveseg.media.frame import MOST_PIXELS, Frame

NOTICE: Final = "not a medical device"

# RGB; they differ in brightness as well as in hue, for who does not see the hue.
_COLOURS: Final[Mapping[State, tuple[int, int, int]]] = {
    "nerve": (80, 230, 120),
    "unsure": (255, 190, 0),
    "none": (170, 170, 170),
}
_LEAST_WIDTH: Final = 400  # pixels; the two lines of text need them
_LINE: Final = 22
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
_WHITE: Final = (255, 255, 255)


def draw(frame: Frame, result: FrameResult, note: str = "") -> NDArray[np.uint8]:
    """Return a picture of a frame, H' x W' x 3 uint8 RGB.

    Narrow frames are enlarged by a whole number, and a strip of text is added below. Outside of the
    frame's region, where scanners write the names of patients, the picture is black.

    Args:
        frame: the frame.
        result: what was found on it.
        note: further text for the second line.
    """
    image = without_margins(frame)
    times = min(-(-_LEAST_WIDTH // image.shape[1]), max(1, math.isqrt(MOST_PIXELS // image.size)))
    size = (image.shape[1] * times, image.shape[0] * times)
    shown = cv2.cvtColor(
        cv2.resize(image, size, interpolation=cv2.INTER_NEAREST), cv2.COLOR_GRAY2RGB
    )
    mask = cv2.resize(result.mask, size, interpolation=cv2.INTER_NEAREST)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    colour = _COLOURS[result.state]
    cv2.drawContours(shown, outlines, -1, colour, max(1, size[0] // 400))
    return np.ascontiguousarray(np.concatenate([shown, _strip(size[0], result, note)]))


def without_margins(frame: Frame) -> NDArray[np.uint8]:
    """Return the image of a frame, H x W uint8, black outside of its region."""
    if frame.region is None:
        return frame.image
    image = np.zeros_like(frame.image)
    image[frame.region.slices] = frame.image[frame.region.slices]
    return image


def _strip(width: int, result: FrameResult, note: str) -> NDArray[np.uint8]:
    strip = np.zeros((2 * _LINE, width, 3), np.uint8)
    found = in_words(result.state, result.probability, result.pixels, result.square_mm)
    for row, text, colour in (
        (0, found, _COLOURS[result.state]),
        (1, "  ".join(filter(None, [NOTICE, note])), _WHITE),
    ):
        at = (8, row * _LINE + 16)
        cv2.putText(strip, text, at, _FONT, 0.5, colour, 1, cv2.LINE_AA)
    return strip
