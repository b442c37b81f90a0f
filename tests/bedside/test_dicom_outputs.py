"""DICOM files become masks of the whole frame with areas, and nothing of their header is kept."""

from pathlib import Path

import numpy as np
import pytest
from predictions import read, rows

import dicoms
from brightness import finder, frame
from nerveseg.bedside.folder import predict_into
from nerveseg.errors import InputError
from nerveseg.media.sources import find_sources


def predict(folder: Path) -> None:
    predict_into(folder / "out", find_sources([str(folder / "given")]), finder(), "m")


def test_a_region_is_predicted_and_pasted_back_with_its_area(tmp_path: Path) -> None:
    shown = np.full((100, 120), 255, np.uint8)  # bright margins, which are not to be outlined
    shown[30:78, 40:104] = frame()
    item = dicoms.region(40, 30, 103, 77)
    file = dicoms.dataset(shown, "MONOCHROME2", SequenceOfUltrasoundRegions=dicoms.regions(item))
    (tmp_path / "given").mkdir()
    dicoms.save(tmp_path / "given/a.dcm", file)
    predict(tmp_path)
    expected = np.zeros((100, 120), bool)
    expected[40:50, 60:70] = True
    assert np.array_equal(read(tmp_path / "out/masks/a.dcm.png") > 0, expected)
    [row] = rows(tmp_path / "out")
    assert (row["area_px"], row["area_mm2"]) == ("100", "1.00")
    picture = read(tmp_path / "out/overlays/a.dcm.png")
    assert not picture[:20].any(), "margins may hold the patient's name"


def test_nothing_of_a_dicom_header_is_written_or_shown(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "given").mkdir()
    images = np.stack([frame(), frame(left=30)])
    for name, pixels in (("still", images[0]), ("cine", images)):
        file = dicoms.dataset(pixels, "MONOCHROME2", FrameTime=50, PixelSpacing=[0.5, 0.5])
        assert dicoms.mark(file) > 200
        path = dicoms.save(tmp_path / f"given/{name}", file)
        assert all(mark.encode() in path.read_bytes() for mark in dicoms.MARKS)
        content = path.read_bytes()
        (tmp_path / f"given/{name}-cut").write_bytes(content[: len(content) * 3 // 4])
    with pytest.raises(InputError, match="2 of 4") as refused:
        predict(tmp_path)
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(files) == 8
    said = capfd.readouterr()
    texts = [said.out, said.err, str(refused.value), *(str(path) for path in files)]
    contents = [path.read_bytes() for path in files] + [text.encode() for text in texts]
    assert not [mark for mark in dicoms.MARKS for each in contents if mark.encode() in each]
    assert {row["area_mm2"] for row in rows(tmp_path / "out")} == {"25.00"}
