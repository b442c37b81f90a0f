"""A folder of images, cines and videos becomes masks, overlays and a table, and can be resumed."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from predictions import png, read, rows, run, video

from brightness import RULE, SHAPE, Brightness, finder, frame
from nerveseg import rle
from nerveseg.bedside.folder import predict_into
from nerveseg.bedside.outputs_of_source import OutputOptions
from nerveseg.errors import InputError
from nerveseg.media.sources import find_sources
from nerveseg.media.video import read_video


def test_masks_and_rows_have_the_size_of_the_input(given: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(given, out) == {"nerve": 2, "none": 1}
    assert np.array_equal(read(out / "masks/a.png.png") > 0, frame() > 128)
    assert read(out / "masks/c.png.png").shape == (96, 128)
    by_name = {row["file"]: row for row in rows(out)}
    assert list(by_name) == ["a.png", "c.png", "deep/b.png"]
    assert by_name["a.png"]["rle"] == rle.encode(frame() > 128)
    assert by_name["a.png"]["area_px"] == "100"
    assert by_name["a.png"]["state"] == "nerve"
    assert by_name["a.png"]["area_mm2"] == ""
    assert by_name["deep/b.png"]["rle"] == ""
    assert np.array_equal(
        rle.decode(by_name["c.png"]["rle"], (96, 128)) * 255, read(out / "masks/c.png.png")
    )


def test_an_overlay_outlines_the_mask_below_it_says_what_it_is_not(
    given: Path, tmp_path: Path
) -> None:
    run(given, tmp_path / "out")
    for name, outlined in (("a.png", True), ("deep/b.png", False)):
        picture = read(tmp_path / f"out/overlays/{name}.png").astype(int)
        image, strip = picture[: -2 * 22], picture[-2 * 22 :]
        assert image.shape[1] >= 400
        coloured = np.ptp(image, axis=2) > 0
        assert coloured.any() == outlined
        assert strip[22:].max() > 200, "the notice"
        if outlined:
            where = np.argwhere(coloured) * SHAPE[0] / image.shape[0]
            assert where.min(axis=0) == pytest.approx([10, 20], abs=1)
            assert where.max(axis=0) == pytest.approx([20, 30], abs=1)


def test_overlays_can_be_left_out(given: Path, tmp_path: Path) -> None:
    run(given, tmp_path / "out", options=OutputOptions(overlays=False))
    assert not (tmp_path / "out/overlays").exists()


def test_what_is_done_is_not_done_again(given: Path, tmp_path: Path) -> None:
    source, out = Brightness(), tmp_path / "out"
    first = run(given, out, source)
    table = (out / "predictions.csv").read_bytes()
    assert source.images == 3
    assert run(given, out, source) == first
    assert source.images == 3
    assert (out / "predictions.csv").read_bytes() == table


CHANGES: dict[str, tuple[Callable[[Path, Path], object], dict[str, str], int]] = {
    "an input": (lambda given, _: png(given / "a.png", frame(side=5)), {}, 1),
    "a mask that is gone": (lambda _, out: (out / "masks/a.png.png").unlink(), {}, 1),
    "a damaged record": (lambda _, out: (out / ".records/a.png.json").write_text("{"), {}, 1),
    "the model": (lambda *_: None, {"model": "other"}, 3),
    "nothing but the time": (lambda given, _: os.utime(given / "a.png"), {}, 0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_done_again(change: str, given: Path, tmp_path: Path) -> None:
    source, out = Brightness(), tmp_path / "out"
    run(given, out, source)
    apply, options, again = CHANGES[change]
    apply(given, out)
    run(given, out, source, **options)  # type: ignore[arg-type]
    assert source.images == 3 + again


def test_another_rule_is_another_result(given: Path, tmp_path: Path) -> None:
    out, strict = tmp_path / "out", finder()
    run(given, out)
    strict.rule = RULE.changed(min_total=1000)
    predict_into(out, find_sources([str(given)]), strict, "m")
    assert {row["rle"] for row in rows(out)} == {""}


def test_a_bad_file_is_named_and_the_others_go_on(
    given: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (given / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n no header")
    with pytest.raises(InputError, match="1 of 4 inputs could not be predicted"):
        run(given, tmp_path / "out")
    assert "error: " in (said := capsys.readouterr().err)
    assert "bad.png: a PNG without a header" in said
    assert said.count("\n") == 1  # no progress bar in a file
    assert len(rows(tmp_path / "out")) == 3
    assert not list((tmp_path / "out").rglob("*bad*"))


def test_an_input_that_turns_bad_leaves_no_old_mask(given: Path, tmp_path: Path) -> None:
    run(given, tmp_path / "out")
    (given / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n no header")
    with pytest.raises(InputError):
        run(given, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("a.png*"))


def test_after_ctrl_c_the_rest_is_done(given: Path, tmp_path: Path) -> None:
    class Interrupted(Brightness):
        def logits(self, images: np.ndarray) -> np.ndarray:
            if self.images == 2:
                raise KeyboardInterrupt
            return super().logits(images)

    source, out = Brightness(), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        run(given, out, Interrupted())
    assert len(rows(out)) == 2
    run(given, out, source)
    assert source.images == 1
    assert len(rows(out)) == 3


def test_a_video_gives_masks_and_a_video_of_overlays(tmp_path: Path) -> None:
    given, out = tmp_path / "given", tmp_path / "out"
    video(given / "a.mp4", [frame(left=20 + index) for index in range(20)])
    assert sum(run(given, out).values()) == 20
    found = rows(out)
    assert [row["frame"] for row in found] == [str(index) for index in range(20)]
    masks = sorted((out / "masks/a.mp4").iterdir())
    assert [path.name for path in masks][:2] == ["000000.png", "000001.png"]
    for index, path in enumerate(masks):
        columns = np.flatnonzero(read(path).any(axis=0))
        assert columns.min() == pytest.approx(20 + index, abs=1)
    shown = list(read_video(out / "overlays/a.mp4.mp4"))
    assert [each.time for each in shown] == pytest.approx([i / 20 for i in range(20)], abs=1e-3)


def test_a_video_can_be_cut_short(tmp_path: Path) -> None:
    video(tmp_path / "given/a.mp4", [frame()] * 9)
    run(tmp_path / "given", tmp_path / "out", options=OutputOptions(frames=4))
    assert len(rows(tmp_path / "out")) == 4


def test_large_frames_are_not_predicted_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = []

    class Counted(Brightness):
        def logits(self, images: np.ndarray) -> np.ndarray:
            batches.append(len(images))
            return super().logits(images)

    video(tmp_path / "given/a.mp4", [frame()] * 5)
    run(tmp_path / "given", tmp_path / "out", Counted())
    assert batches == [5]
    monkeypatch.setattr("nerveseg.bedside.frame_result._BATCH_PIXELS", 2 * 48 * 64)
    run(tmp_path / "given", tmp_path / "other", Counted())
    assert batches == [5, 2, 2, 1]


@pytest.mark.parametrize("name", ["predictions.csv", "masks/a.png.png", "overlays/mine.txt"])
def test_files_of_somebody_else_are_not_replaced(given: Path, tmp_path: Path, name: str) -> None:
    mine = tmp_path / "out" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(InputError, match="is there, and nerveseg predict has not written it"):
        run(given, tmp_path / "out")
    assert mine.read_text() == "mine"


def test_an_empty_path_is_not_the_current_folder() -> None:
    with pytest.raises(InputError, match="an empty path"):
        find_sources([""])
