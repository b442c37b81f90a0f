"""Resizes logits, without torch."""

import cv2
import numpy as np
from numpy.typing import NDArray


def resize_logits(logit: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return `logit`, H x W float32, resized to `size` (height, width)."""
    # Logits rather than probabilities: across an edge they are close to linear.
    resized = cv2.resize(logit, size[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.float32)
