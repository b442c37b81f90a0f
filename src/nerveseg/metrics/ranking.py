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
        frame = scores.shape[-2:]
        for one, other in zip(bits.reshape(-1, *frame), mask.reshape(-1, *frame), strict=True):
            self._add(one, other)

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

    def _add(self, bits: NDArray[Any], truth: NDArray[np.uint8]) -> None:
        if bits.size > _MOST_PIXELS:
            raise ValueError(f"at most {_MOST_PIXELS} pixels a frame, got {bits.size}")
        # The nerve is a small part of a frame: look for it in its box alone.
        left, top, wide, tall = cv2.boundingRect(truth)
        box = np.s_[top : top + tall, left : left + wide]
        found = self._histogram(bits[box], truth[box]) if wide else np.int64(0)
        self.inside += found
        self.outside += self._histogram(bits, None) - found

    def _histogram(self, bits: NDArray[Any], where: NDArray[np.uint8] | None) -> NDArray[np.int64]:
        counts = cv2.calcHist([bits], [0], where, [self._bins], [0, self._bins])
        return np.asarray(counts, dtype=np.int64).reshape(-1)

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
