"""The contact sheet."""

from pathlib import Path

import cv2
import numpy as np

from nerveseg.data.simulated.sheet import write_sheet


def test_the_sheet_shows_eight_frames_with_yellow_outlines(tmp_path: Path) -> None:
    write_sheet(tmp_path / "sheet.png", seed=1)
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet is not None
    assert sheet.shape == (2 * (210 + 12), 4 * (290 + 12), 3)
    blue, red = sheet[..., 0].astype(int), sheet[..., 2].astype(int)
    assert np.count_nonzero(red - blue > 60) > 500
