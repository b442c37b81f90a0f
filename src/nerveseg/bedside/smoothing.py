"""Averages maps over the frames of a stream, where the picture stands still."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_BLUR: Final = 15.0
"""Standard deviation of the blur of the change, as a fraction of the shorter side: one in so
many. Speckle changes from frame to frame without any motion, and averages out over this area."""


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
        self._before: NDArray[np.float32] | None = None
        self._average: NDArray[np.float32] | None = None

    def __call__(
        self, image: NDArray[np.uint8], logits: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the average after one more frame, H x W float32.

        Args:
            image: H x W uint8. A frame of another size starts anew.
            logits: H x W float32.
        """
        grey = image.astype(np.float32)
        average = logits
        if (
            self._average is not None
            and self._before is not None
            and grey.shape == (self._before.shape)
        ):
            deviation = max(1.0, min(grey.shape) / _BLUR)
            change = cv2.GaussianBlur(np.abs(grey - self._before), (0, 0), deviation)
            past = (self._memory * np.exp(-change / self._tolerance)).astype(np.float32)
            average = past * self._average + (1 - past) * logits
        self._before, self._average = grey, average
        return average
