"""The small-blob rule, applied to a mask after the threshold.

Over half of the frames show no nerve, and a single false pixel reduces the Dice of such a frame
from 1 to 0. In the competition's training set every annotated nerve is one blob of at least 2684
pixels, so much smaller blobs are never right.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def clean(mask: NDArray[Any], min_blob: int, min_total: int) -> NDArray[np.uint8]:
    """Return `mask` without small blobs, empty if too little is left; H x W uint8 {0, 1}.

    Args:
        mask: H x W, uint8 or bool; every nonzero value is inside.
        min_blob: 8-connected blobs of fewer pixels are removed.
        min_total: if the remaining blobs have fewer pixels in total, the mask is emptied.
    """
    inside = np.ascontiguousarray(mask).view(np.uint8)
    kept = np.zeros(inside.shape, dtype=np.uint8)
    left, top, wide, tall = cv2.boundingRect(inside)
    if not wide:
        return kept
    box = np.s_[top : top + tall, left : left + wide]
    # connectedComponentsWithStats takes four times as long as counting the labels.
    _, found = cv2.connectedComponents(inside[box], connectivity=8)
    labels = np.asarray(found, dtype=np.int32)
    areas = np.bincount(labels.reshape(-1))
    keep = areas >= min_blob
    keep[0] = False  # the background
    if areas[keep].sum() >= min_total:
        kept[box] = np.take(keep, labels)
    return kept
