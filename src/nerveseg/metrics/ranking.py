"""Area under the ROC curve over pixels, from histograms filled frame by frame.

Scores of a byte or of float16 take few values, so two histograms hold everything that the AUC
depends on: exact for the scores given, in 1 MiB, whatever the number of pixels.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

# cv2 counts in float32, which holds whole numbers up to here.
_MOST_PIXELS: Final = 1 << 24
_NEGATIVE_ZERO: Final = 0x8000
_INFINITY: Final = 0x7C00


class PixelRanking:
    """How well scores tell inside from outside, over any number of frames.

    Attributes:
        inside: int64, for each bit pattern of the scores the number of pixels inside the truth.
            Of uint8 scores these are 256 counts in order of the score.
        outside: the same outside the truth.
    """

    def __init__(self, kind: type[np.uint8] | type[np.float16] = np.uint8) -> None:
        """Start empty; `kind` is the type of the scores to come."""
        self._kind = np.dtype(kind)
        self._bins = 1 << (8 * self._kind.itemsize)
        self.inside = np.zeros(self._bins, dtype=np.int64)
        self.outside = np.zeros(self._bins, dtype=np.int64)

    def update(self, scores: NDArray[np.uint8 | np.float16], truth: NDArray[Any]) -> None:
        """Add frames.

        Args:
            scores: N x H x W or H x W, higher for inside: codes of `nerveseg.maps`, or logits.
            truth: the same shape, uint8 or bool; every value but 0 is inside.
        """
        if scores.dtype != self._kind or scores.shape != truth.shape:
            raise ValueError(
                f"{self._kind} scores of the truth's shape {truth.shape}, "
                f"got {scores.dtype} {scores.shape}"
            )
        bits = np.ascontiguousarray(scores).view(f"u{self._kind.itemsize}")
        mask = np.ascontiguousarray(truth).view(np.uint8)
        height, width = scores.shape[-2:]
        frames = zip(bits.reshape(-1, height, width), mask.reshape(-1, height, width), strict=True)
        found = sum((self._inside(one, other) for one, other in frames), start=np.int64(0))
        self.inside += found
        self.outside += self._all(bits.reshape(-1, width)) - found

    def auc(self) -> float:
        """Return the AUC, 0..1, ties counted half as scikit-learn does; NaN without both classes.

        Raises:
            ValueError: a score was NaN.
        """
        inside, outside = self._ordered(self.inside), self._ordered(self.outside)
        pairs = int(inside.sum()) * int(outside.sum())
        if pairs == 0:
            return float("nan")
        below = np.cumsum(outside) - outside
        return int((inside * (2 * below + outside)).sum()) / (2 * pairs)

    def _inside(self, bits: NDArray[Any], truth: NDArray[np.uint8]) -> NDArray[np.int64]:
        # The nerve is a small part of a frame: look for it in its box alone.
        left, top, wide, tall = cv2.boundingRect(truth)
        box = np.s_[top : top + tall, left : left + wide]
        return np.bincount(bits[box][truth[box] != 0], minlength=self._bins)

    def _all(self, bits: NDArray[Any]) -> NDArray[np.int64]:
        """Return the histogram of rows of any number, many at a time: each call has its cost."""
        counts = np.zeros(self._bins, dtype=np.int64)
        step = _MOST_PIXELS // bits.shape[1]
        for top in range(0, len(bits), step):
            part = [bits[top : top + step]]
            found = cv2.calcHist(part, [0], None, [self._bins], [0, self._bins])
            counts += found.reshape(-1).astype(np.int64)
        return counts

    def _ordered(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return `counts` in the order of the scores."""
        if self._kind == np.uint8:
            return counts
        negative, positive = counts[_NEGATIVE_ZERO:], counts[:_NEGATIVE_ZERO].copy()
        if negative[_INFINITY + 1 :].any() or positive[_INFINITY + 1 :].any():
            raise ValueError("a score is NaN")
        # Of the same value as the positive one, whatever the bits say.
        positive[0] += negative[0]
        return np.concatenate([negative[:0:-1], positive])
