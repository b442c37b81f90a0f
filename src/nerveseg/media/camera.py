"""A camera or frame grabber of this machine as grey frames."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2

from nerveseg.errors import InputError
from nerveseg.media.frame import Frame, check_size, to_grey

_DEVICE: Final = "/dev/video"


def read_camera(number: int) -> Iterator[Frame]:
    """Yield the frames of a camera until it is unplugged.

    Args:
        number: number of the device, from 0.

    Raises:
        InputError: there is no such camera, or another program uses it.
    """
    device = Path(f"{_DEVICE}{number}")
    camera = cv2.VideoCapture(number, cv2.CAP_V4L2) if device.exists() else None
    try:
        if camera is None or not camera.isOpened():
            there = ", ".join(str(each) for each in sorted(Path("/dev").glob("video*"))) or "none"
            raise InputError(
                f"camera {number}: not there or in use (there is: {there}); plug it in, or close "
                "the program that uses it"
            )
        start = time.monotonic()
        while True:
            fine, picture = camera.read()
            if not fine:
                return
            check_size(*picture.shape[:2])
            # OpenCV orders the channels BGR.
            grey = to_grey(picture[..., ::-1] if picture.ndim == 3 else picture)  # noqa: PLR2004
            yield Frame(grey, time=time.monotonic() - start)
    finally:
        if camera is not None:
            camera.release()
