"""The commands `nerveseg predict` and `nerveseg live`, from the shell's side."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

import shared_run
from brightness import frame
from nerveseg import errors
from nerveseg.cli.main import call
from nerveseg.errors import InputError
from nerveseg.media.video import VideoWriter, read_video


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a shared network, an image and a video."""
    monkeypatch.chdir(tmp_path)
    shared_run.package(tmp_path)
    Path("a.png").write_bytes(cv2.imencode(".png", frame())[1].tobytes())
    with VideoWriter(Path("a.mp4"), 50.0) as writer:
        for left in range(10, 16):
            writer.write(np.dstack([frame(left=left)] * 3))
    return tmp_path


MODEL = "narrow.nerveseg.zip"


def test_predict_writes_and_says_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    call(["predict", MODEL, "a.png", "a.mp4", "-o", "out"])
    printed = capsys.readouterr()
    assert "not a medical device" in printed.err
    assert "a.mp4: 6 frames: " in printed.out
    assert printed.out.endswith("out/predictions.csv: written\n")
    assert len(Path("out/predictions.csv").read_text().splitlines()) == 8


def test_the_current_folder_can_hold_inputs_and_outputs() -> None:
    call(["predict", MODEL, "a.png", "-o", "."])
    call(["predict", MODEL, ".", "-o", "."])
    _, *rows = Path("predictions.csv").read_text().splitlines()
    assert {row.partition(",")[0] for row in rows} == {"a.png", "a.mp4"}


def test_an_empty_folder_of_outputs_is_not_the_current_one() -> None:
    with pytest.raises(InputError, match="-o: an empty path"):
        call(["predict", MODEL, "a.png", "-o", ""])


def test_options_change_the_rule_and_the_outputs() -> None:
    options = ["--threshold", "0.999", "--no-overlays", "--unsure", "0", "0", "--tta", "auto"]
    call(["predict", MODEL, "a.png", "-o", "out", *options])
    assert not Path("out/overlays").exists()
    _, row = Path("out/predictions.csv").read_text().splitlines()
    assert row.startswith("a.png,0,unsure,"), "no outline, but a probability above 0"


def test_another_engine_finds_the_same_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    tables = []
    for engine in ("torch", "openvino", "auto"):
        call(["predict", MODEL, "a.png", "-o", engine, "--engine", engine])
        assert f"engine: {'' if engine == 'auto' else engine}" in capsys.readouterr().err
        _, row = Path(engine, "predictions.csv").read_text().splitlines()
        tables.append(row.split(","))
    for other in tables[1:]:
        assert other[2] == tables[0][2]
        assert float(other[3]) == pytest.approx(float(tables[0][3]), abs=1e-3)
        assert other[4:] == tables[0][4:]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([MODEL, "gone.png"], "gone.png: not found"),
        (["gone.zip", "a.png"], r"gone\.zip: not found"),
        (["a.png", "a.png"], r"a\.png: not a file of weights"),
        ([MODEL, "3"], "a camera does not end; give --frames N"),
        ([MODEL, "a.png", "--unsure", "0.9", "0.1"], "sure_none 0.9 is above sure_nerve 0.1"),
        ([MODEL, "a.png", "--tta", "flips"], "tta: flips has views that the net"),
        ([MODEL, "a.png", "--min-blob", "-1"], "min_blob: "),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(arguments: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call(["predict", *arguments, "-o", "out"])
    assert not Path("out").exists()


def test_one_bad_file_ends_with_1_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.png").write_bytes(b"")
    with pytest.raises(SystemExit) as end:
        errors.run(lambda: call(["predict", MODEL, "a.png", "bad.png", "-o", "out"]))
    assert end.value.code == 1
    said = capsys.readouterr().err
    assert "error: bad.png: of an unknown format; save it as PNG, JPEG, TIFF or BMP" in said
    assert said.rstrip().endswith("the lines above name them")
    assert len(Path("out/predictions.csv").read_text().splitlines()) == 2


def test_live_replays_a_video_and_prints_the_times(capsys: pytest.CaptureFixture[str]) -> None:
    call(["live", MODEL, "a.mp4", "-o", "live.mp4", "--every"])
    printed = capsys.readouterr()
    assert "not a medical device" in printed.err
    assert printed.out.splitlines()[0].split() == ["ms", "p50", "p95"]
    assert printed.out.splitlines()[-1] == "6 frames shown, 0 dropped"
    assert len(list(read_video(Path("live.mp4")))) == 6


def test_live_can_be_cut_short_and_be_blind(capsys: pytest.CaptureFixture[str]) -> None:
    call(["live", MODEL, "a.mp4", "--blind", "--every", "--frames", "2"])
    assert capsys.readouterr().out.splitlines()[-1] == "2 frames shown, 0 dropped"


@pytest.mark.parametrize("source", ["a.png", "."])
def test_live_takes_a_stream_only(source: str) -> None:
    with pytest.raises(InputError, match="not a video, a cine loop or a camera"):
        call(["live", MODEL, source, "--blind"])


TARGETS: dict[str, tuple[str, Callable[[], object], str]] = {
    "the source": ("a.mp4", lambda: None, "is the input a.mp4"),
    "another spelling": ("x/../a.mp4", lambda: Path("x").mkdir(), "is the input a.mp4"),
    "a symbolic link": ("b.mp4", lambda: Path("b.mp4").symlink_to("a.mp4"), "is the input a.mp4"),
    "a hard link": ("b.mp4", lambda: Path("b.mp4").hardlink_to("a.mp4"), "is the input a.mp4"),
    "a folder": ("b.mp4", lambda: Path("b.mp4").mkdir(), "b.mp4: is a folder"),
    "another recording": ("b.mp4", lambda: Path("b.mp4").touch(), "b.mp4: is there already; give"),
    "another format": ("b.avi", lambda: None, "b.avi: the video is an MP4 file; give a name"),
    "no suffix": ("b", lambda: None, "b: the video is an MP4 file; give a name"),
}


@pytest.mark.parametrize("target", TARGETS)
def test_live_replaces_no_file_and_writes_mp4_alone(target: str) -> None:
    name, prepare, said = TARGETS[target]
    prepare()
    before = sorted(Path().rglob("*")), Path("a.mp4").read_bytes()
    with pytest.raises(InputError, match=said):
        call(["live", MODEL, "a.mp4", "-o", name, "--frames", "2"])
    assert (sorted(Path().rglob("*")), Path("a.mp4").read_bytes()) == before


def test_video_and_blind_exclude_each_other() -> None:
    with pytest.raises(SystemExit) as end:
        call(["live", MODEL, "a.mp4", "-o", "b.mp4", "--blind"])
    assert end.value.code == 2


@pytest.mark.parametrize(
    ("package", "source"), [("av", "a.mp4"), ("pydicom", "a.dcm")], ids=["video", "dicom"]
)
def test_a_missing_package_names_its_extra(
    package: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.dcm").write_bytes(bytes(128) + b"DICM")
    reader = {"av": "video", "pydicom": "dicom"}[package]
    monkeypatch.delitem(sys.modules, f"nerveseg.media.{reader}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"'{package}' is not installed; .*nerveseg\[media\]"):
        call(["predict", MODEL, source, "-o", "out"])


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_reading_media_and_running_over_folders_needs_no_torch() -> None:
    found = modules_after(
        "import nerveseg.bedside.folder, nerveseg.bedside.live, nerveseg.media.sources, "
        "nerveseg.artefact.format"
    )
    assert "nerveseg.bedside.folder" in found
    assert not {"torch", "pydicom"} & found


def test_predicting_stills_needs_no_package_of_an_extra() -> None:
    found = modules_after(
        f"from nerveseg.cli.main import call; call(['predict', {MODEL!r}, 'a.png', '-o', 'out'])"
    )
    assert "torch" in found
    assert not {"av", "pydicom", "pylibjpeg", "scipy", "pandas", "dvc"} & found
