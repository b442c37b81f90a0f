"""Where live pictures go: a window, a video file, or nowhere."""

from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.errors import InputError
from nerveseg.media.video import VideoWriter

_TITLE: Final = "nerveseg - not a medical device"
_STOP: Final = {ord("q"), 27}  # Q or Escape


class Sink(Protocol):
    """Something that shows pictures. It is used from one thread."""

    def show(self, picture: NDArray[np.uint8], time: float) -> bool:
        """Show a picture, H x W x 3 uint8 RGB, of `time` in s, and return whether to go on."""
        ...

    def close(self, *, failed: bool) -> None:
        """Finish; after an error, leave nothing half-written."""
        ...


class NullSink:
    """Shows nothing, to measure latency."""

    def show(self, picture: NDArray[np.uint8], time: float) -> bool:
        """Go on."""
        return True

    def close(self, *, failed: bool) -> None:
        """Nothing is to be finished."""


class WindowSink:
    """A window, which Q or Escape closes.

    Raises:
        InputError: this build of OpenCV has no windows, or there is no screen.
    """

    def __init__(self) -> None:
        try:
            cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL)
        except cv2.error as error:
            raise InputError(
                "no window: this OpenCV is built without them, or there is no screen; install "
                "opencv-python instead of opencv-python-headless, or write a video with -o FILE.mp4"
            ) from error

    def show(self, picture: NDArray[np.uint8], time: float) -> bool:
        """Show a picture; stop if Q or Escape was pressed or the window was closed."""
        cv2.imshow(_TITLE, np.ascontiguousarray(picture[..., ::-1]))
        if cv2.waitKey(1) & 0xFF in _STOP:
            return False
        return bool(cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) >= 1)

    def close(self, *, failed: bool) -> None:
        """Close the window."""
        cv2.destroyAllWindows()


class VideoSink:
    """An MP4 file.

    Args:
        path: file to write.
    """

    def __init__(self, path: Path) -> None:
        self._writer = VideoWriter(path)
        self._writer.__enter__()
        self._shape: tuple[int, ...] | None = None

    def show(self, picture: NDArray[np.uint8], time: float) -> bool:
        """Append a picture.

        Raises:
            InputError: its size differs from that of the first.
        """
        self._shape = self._shape or picture.shape
        if picture.shape != self._shape:
            raise InputError("the frames change their size, which a video cannot; cut it there")
        self._writer.write(picture, time)
        return True

    def close(self, *, failed: bool) -> None:
        """Move the file into place, or delete it after an error."""
        error = RuntimeError("stopped by an error") if failed else None
        self._writer.__exit__(type(error) if error else None, error, None)
