"""Files, folders, patterns and cameras are found under names that can name outputs."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

import dicoms
from nerveseg.errors import InputError
from nerveseg.media.sources import Source, find_sources


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    image = np.zeros((4, 5), np.uint8)
    for name in ("in/b.png", "in/a.PNG", "in/deep/a.jpg", "in/.hidden/a.png", "in/out/c.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(cv2.imencode(Path(name).suffix.lower(), image)[1].tobytes())
    Path("in/notes.txt").write_text("no image")
    Path("in/clip.MP4").write_bytes(b"")
    dicoms.save(Path("in/IM0001"), dicoms.dataset(image, "MONOCHROME2"))
    return tmp_path


def kinds(sources: list[Source]) -> dict[str, str]:
    return {source.name: source.kind for source in sources}


@pytest.mark.usefixtures("folder")
def test_a_folder_stands_for_the_media_below_it() -> None:
    found = find_sources(["in"], leave_out=[Path("in/out")])
    assert kinds(found) == {
        "IM0001": "dicom",
        "a.PNG": "still",
        "b.png": "still",
        "clip.MP4": "video",
        "deep/a.jpg": "still",
    }


@pytest.mark.usefixtures("folder")
def test_a_pattern_names_its_matches_from_its_first_star() -> None:
    assert kinds(find_sources(["in/*/a.*"])) == {"deep/a.jpg": "still"}
    assert list(kinds(find_sources(["in/**/a.*"]))) == ["a.PNG", "deep/a.jpg"]


@pytest.mark.usefixtures("folder")
def test_a_number_is_a_camera_unless_it_is_a_file() -> None:
    assert find_sources(["0"]) == [Source("camera-0", Path("0"), "camera")]
    Path("0").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert kinds(find_sources(["0"])) == {"0": "still"}


@pytest.mark.usefixtures("folder")
def test_the_same_file_twice_is_one_source() -> None:
    assert len(find_sources(["in/b.png", "in/b.png", "in/*.png"])) == 1


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (["gone.png"], r"gone\.png: not found; give a file"),
        (["gone/*.png"], r"gone/\*\.png: no image"),
        (["in/out"], "in/out: lies in a folder of the outputs; write"),
        (["in", "in/deep/a.jpg", "a.jpg"], r"a\.jpg: not found"),
        (["in/b.png", "in/out/b.png"], "would both be called b.png"),
    ],
)
def test_what_cannot_be_predicted_is_one_line(inputs: list[str], said: str) -> None:
    Path("in/out/b.png").write_bytes(Path("in/b.png").read_bytes())
    leave_out = [Path("in/out")] if said.startswith("in/out") else []
    with pytest.raises(InputError, match=said):
        find_sources(inputs, leave_out)


@pytest.mark.usefixtures("folder")
def test_a_name_that_is_no_utf_8_can_be_written() -> None:
    odd = Path(os.fsdecode(b"in/odd\xff.png"))
    odd.write_bytes(Path("in/b.png").read_bytes())
    [source] = find_sources(["in/odd*"])
    assert (source.name, source.path) == ("odd?.png", odd)


@pytest.mark.usefixtures("folder")
def test_a_pattern_cannot_lead_out_of_the_outputs() -> None:
    with pytest.raises(InputError, match=r"write the pattern without '\.\.'"):
        find_sources(["in/*/../b.png"])


def test_a_device_is_no_file() -> None:
    with pytest.raises(InputError, match="/dev/zero: not found; give a file"):
        find_sources(["/dev/zero"])


def test_a_camera_that_is_not_there_is_one_line() -> None:
    [camera] = find_sources(["987"])
    with pytest.raises(InputError, match="camera 987: not there or in use"):
        next(camera.frames())
