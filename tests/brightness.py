"""A network whose nerves are whatever is bright, so that tests know what it finds."""

import numpy as np
from numpy.typing import NDArray

from nerveseg.artefact.decision import DecisionRule
from nerveseg.bedside.image_predictor import ImagePredictor

RULE = DecisionRule(min_blob=4, min_total=8, nerve_pixels=30, frame=(48, 64))
SHAPE = (48, 64)


class Brightness:
    """Logits that are 0 at the grey level 128, and 1 at 138."""

    def __init__(self) -> None:
        self.images = 0

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.images += len(images)
        return (images.astype(np.float32) - np.float32(128)) / np.float32(10)


def finder(source: Brightness | None = None) -> ImagePredictor:
    return ImagePredictor(source or Brightness(), SHAPE, RULE)


def frame(top: int = 10, left: int = 20, side: int = 10, level: int = 250) -> NDArray[np.uint8]:
    """Return a dark image with a bright square, 48 x 64."""
    image = np.full(SHAPE, 20, np.uint8)
    image[top : top + side, left : left + side] = level
    return image
