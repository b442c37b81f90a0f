"""A folder of images."""

from pathlib import Path

import cv2
import pytest
from predictions import png

from brightness import frame


@pytest.fixture
def given(tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    png(folder / "a.png", frame())
    png(folder / "deep/b.png", frame(side=0))
    png(folder / "c.png", cv2.resize(frame(), (128, 96), interpolation=cv2.INTER_NEAREST))
    return folder
