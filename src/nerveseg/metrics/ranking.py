"""Area under the ROC curve over pixels, from histograms filled frame by frame.

Scores are bytes, so two histograms of 256 bins hold everything that the AUC depends on: it is
exact for these scores and needs constant memory, whatever the number of pixels.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

_BINS: Final = 256
# cv2 counts in float32, which represents integers exactly up to here.
_MAX_PIXELS: Final = 1 << 24


class PixelRanking:
    """How well scores rank pixels inside the truth above those outside, over any frames.

    Attributes:
        inside: 256 int64, for each score the number of pixels inside the truth.
        outside: 256 int64, the same outside the truth.
    """

    def __init__(self) -> None:
        """Start without pixels."""
        self.inside = np.zeros(_BINS, dtype=np.int64)
        self.outside = np.zeros(_BINS, dtype=np.int64)

    def update(self, scores: NDArray[np.uint8], truth: NDArray[Any]) -> None:
        """Add the pixels of frames.

        Args:
            scores: N x H x W or H x W uint8, higher for inside: codes of `nerveseg.maps`.
            truth: the same shape, uint8 or bool; every value except 0 is inside.

        Raises:
            ValueError: `scores` is not uint8 or not of the shape of `truth`.
        """
        if scores.dtype != np.uint8 or scores.shape != truth.shape:
            raise ValueError(
                f"expected uint8 scores of the truth's shape {truth.shape}, "
                f"got {scores.dtype} {scores.shape}"
            )
        mask = np.ascontiguousarray(truth).view(np.uint8)
        height, width = scores.shape[-2:]
        frames = zip(
            scores.reshape(-1, height, width), mask.reshape(-1, height, width), strict=True
        )
        found = sum((_inside(one, other) for one, other in frames), start=np.int64(0))
        self.inside += found
        self.outside += _histogram(np.ascontiguousarray(scores).reshape(-1, width)) - found

    def add(self, other: "PixelRanking") -> None:
        """Add the pixels of another ranking."""
        self.inside += other.inside
        self.outside += other.outside

    def auc(self) -> float:
        """Return the AUC, 0..1, with ties counted half as in scikit-learn; NaN for one class."""
        pairs = int(self.inside.sum()) * int(self.outside.sum())
        if pairs == 0:
            return float("nan")
        below = np.cumsum(self.outside) - self.outside
        return int((self.inside * (2 * below + self.outside)).sum()) / (2 * pairs)


def _inside(scores: NDArray[np.uint8], truth: NDArray[np.uint8]) -> NDArray[np.int64]:
    # The nerve is a small part of the frame: only its bounding box is searched.
    left, top, wide, tall = cv2.boundingRect(truth)
    box = np.s_[top : top + tall, left : left + wide]
    return np.bincount(scores[box][truth[box] != 0], minlength=_BINS)


def _histogram(rows: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the histogram of any number of rows, in as few calls of cv2 as possible."""
    counts = np.zeros(_BINS, dtype=np.int64)
    step = _MAX_PIXELS // rows.shape[1]
    for top in range(0, len(rows), step):
        found = cv2.calcHist([rows[top : top + step]], [0], None, [_BINS], [0, _BINS])
        counts += found.reshape(-1).astype(np.int64)
    return counts
