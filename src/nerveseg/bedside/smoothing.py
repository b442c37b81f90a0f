"""Averages maps over the frames of a stream, where the picture stands still."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_CELLS: Final = 32
"""The change is measured in so many cells along the shorter side: blurring all pixels as widely
would take longer than the prediction."""

_DEVIATION: Final = 2.0
"""Standard deviation of the blur, in cells. Speckle changes from frame to frame without any motion,
and averages out over this area."""


class MotionAwareAverage:
    """An exponential moving average whose memory fades where the picture moves.

    With the logits l_t of frame t, the average is

        s_t = w s_(t-1) + (1 - w) l_t,    w = memory * exp(-change / tolerance)

    for each pixel, where `change` is the blurred absolute difference of the grey levels from the
    frame before. Where nothing moves, noise averages out; where the probe or the nerve moves, w
    falls to 0 and the outline follows at once, without the lag of a plain moving average.

    Args:
        memory: the largest weight of the past, 0 (no smoothing) up to, but not including, 1.
        tolerance: change in grey levels at which the weight of the past has fallen to 1/e.
    """

    def __init__(self, memory: float = 0.7, tolerance: float = 6.0) -> None:
        self._memory = memory
        self._tolerance = tolerance
        self._before: NDArray[np.uint8] | None = None
        self._average: NDArray[np.float32] | None = None

    def __call__(
        self, image: NDArray[np.uint8], logits: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the average after one more frame, H x W float32.

        Args:
            image: H x W uint8. A frame of another size starts anew.
            logits: H x W float32.
        """
        average = logits
        if (
            self._average is not None
            and self._before is not None
            and (self._before.shape == image.shape)
        ):
            past = self._weight_of_past(self._before, image)
            average = logits + past * (self._average - logits)
        self._before, self._average = image, average
        return average

    def _weight_of_past(
        self, before: NDArray[np.uint8], image: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        height, width = image.shape
        cell = max(1.0, min(height, width) / _CELLS)
        coarse = (max(1, round(width / cell)), max(1, round(height / cell)))
        difference = cv2.absdiff(image, before).astype(np.float32)
        change = cv2.resize(difference, coarse, interpolation=cv2.INTER_AREA)
        change = cv2.GaussianBlur(change, (0, 0), _DEVIATION)
        weight = self._memory * np.exp(-change / self._tolerance)
        fine = cv2.resize(weight, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(fine, dtype=np.float32)
