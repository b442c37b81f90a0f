"""A camera gives grey frames with their times, and is released."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from nerveseg.errors import InputError
from nerveseg.media.camera import read_camera


class FakeCamera:
    """Stands in for cv2.VideoCapture: a few frames in BGR, then none."""

    opened = True
    released = 0
    picture = np.zeros((16, 20, 3), np.uint8)

    def __init__(self, number: int, _: int) -> None:
        self.number = number
        self.left = 3

    def isOpened(self) -> bool:  # noqa: N802 (the name that OpenCV gives it)
        return self.opened

    def read(self) -> tuple[bool, np.ndarray | None]:
        self.left -= 1
        return (True, self.picture) if self.left >= 0 else (False, None)

    def release(self) -> None:
        FakeCamera.released += 1


@pytest.fixture(autouse=True)
def _camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "video2").touch()
    monkeypatch.setattr("nerveseg.media.camera._DEVICE", str(tmp_path / "video"))
    monkeypatch.setattr(cv2, "VideoCapture", FakeCamera)
    monkeypatch.setattr(FakeCamera, "released", 0)


def test_frames_are_the_luma_of_what_opencv_orders_bgr(monkeypatch: pytest.MonkeyPatch) -> None:
    red = np.zeros((16, 20, 3), np.uint8)
    red[..., 2] = 200
    monkeypatch.setattr(FakeCamera, "picture", red)
    found = list(read_camera(2))
    assert [frame.image.tolist() for frame in found] == [[[60] * 20] * 16] * 3, "0.299 * 200"
    times = [frame.time for frame in found]
    assert times == sorted(times, key=lambda time: time or 0.0)
    assert FakeCamera.released == 1


def test_a_camera_is_released_if_nobody_reads_on() -> None:
    stream = read_camera(2)
    next(iter(stream))
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    assert FakeCamera.released == 1


def test_a_camera_that_is_in_use_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeCamera, "opened", False)
    with pytest.raises(InputError, match="camera 2: not there or in use"):
        next(read_camera(2))
    with pytest.raises(InputError, match="camera 7: not there or in use"):
        next(read_camera(7))
