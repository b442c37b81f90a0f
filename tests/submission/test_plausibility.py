"""Implausible submissions are warned of, plausible ones are not."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from nerveseg import rle
from nerveseg.cli.main import call
from nerveseg.errors import InputError
from nerveseg.submission.plausibility import Outlines, warnings, write_picture

Mask = NDArray[np.uint8]


def nerves(seed: int, count: int) -> list[Mask]:
    """Return masks of which two in five show an ellipse in the upper half."""
    rng = np.random.default_rng(seed)
    masks = []
    for index in range(count):
        mask = np.zeros(rle.IMAGE_SHAPE, np.uint8)
        if index % 5 < 2:
            centre = (int(rng.normal(330, 30)), int(rng.normal(140, 20)))
            axes = (int(rng.integers(35, 65)), int(rng.integers(30, 55)))
            cv2.ellipse(mask, centre, axes, int(rng.integers(180)), 0, 360, 1, -1)
        masks.append(mask)
    return masks


def measured(masks: Sequence[Mask]) -> Outlines:
    return Outlines.of(map(rle.encode, masks))


TRAINING = measured(nerves(0, 200))


def edited(edit: Callable[[Mask], Mask]) -> list[Mask]:
    return [np.ascontiguousarray(edit(mask)) if mask.any() else mask for mask in nerves(1, 100)]


def shifted(mask: Mask) -> Mask:
    return np.roll(mask, (0, -90), (0, 1))


def everything(mask: Mask) -> Mask:
    return np.ones_like(mask)


IMPLAUSIBLE: dict[str, tuple[list[Mask], str]] = {
    "upside down": (edited(np.flipud), "further down and .*, as if upside down"),
    "mirrored twice": (edited(lambda mask: mask[::-1, ::-1]), "as if turned by 180 degrees"),
    "shifted": (edited(shifted), "pixels further .* and (89|90|91|8.|9.) further left"),
    "whole frames": ([everything(mask) for mask in nerves(1, 50)], "outlines are the same"),
    "too large": (
        edited(lambda mask: cv2.dilate(mask, np.ones((120, 120), np.uint8)).view(np.uint8)),
        "the median outline has .* in training",
    ),
    "too many": ([mask for mask in nerves(1, 100) if mask.any()], "100% of the frames have an"),
    "none": ([np.zeros(rle.IMAGE_SHAPE, np.uint8)] * 50, "0% of the frames have an outline"),
}


@pytest.mark.parametrize("case", IMPLAUSIBLE)
def test_an_implausible_submission_is_warned_of(case: str) -> None:
    masks, message = IMPLAUSIBLE[case]
    lines = list(warnings(measured(masks), TRAINING))
    assert any(re.search(message, line) for line in lines), lines


@pytest.mark.parametrize("seed", range(5))
def test_masks_like_those_of_the_training_are_not_warned_of(seed: int) -> None:
    assert list(warnings(measured(nerves(10 + seed, 60)), TRAINING)) == []


def test_without_training_masks_only_the_plainest_are_warned_of() -> None:
    every = measured([mask for mask in nerves(1, 50) if mask.any()])
    assert len(list(warnings(every, None))) == 1
    assert list(warnings(measured(nerves(1, 50)), None)) == []


def test_coverage_and_area_by_hand() -> None:
    found = Outlines.of(["1 2", "2 2", " ", ""])
    assert (found.frames, found.outlined, found.distinct, found.area) == (4, 2, 2, 2.0)
    assert found.coverage[:4, 0].tolist() == [0.5, 1.0, 0.5, 0.0]
    assert found.centre == (1.0, 0.0)


def test_the_picture_shows_both(tmp_path: Path) -> None:
    write_picture(tmp_path / "where.png", measured(nerves(1, 20)), TRAINING)
    image = cv2.imread(str(tmp_path / "where.png"), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    assert image.shape == (420, 580 + 20 + 580)
    assert image[140, 330] > 200
    with pytest.raises(InputError, match=r"where\.txt: give a name that ends in \.png"):
        write_picture(tmp_path / "where.txt", TRAINING, None)


def test_the_command_warns_and_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{img},1 1\n" for img in range(1, 5509))
    Path("sample.csv").write_text("img,pixels\n" + rows)
    call(["submission", "check", "sample.csv", "--picture", "where.png"])
    printed = capsys.readouterr()
    assert printed.out == "sample.csv: fine; 5508 rows, 5508 with a mask\n"
    assert printed.err.startswith("warning: sample.csv: all 5508 outlines are the same, as in a")
    assert Path("where.png").exists()


def test_ids_of_the_competition_beside_a_small_run_name_the_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data/packed").mkdir(parents=True)
    Path("data/packed/test.csv").write_text("img\n1\n2\n")
    Path("real.csv").write_text("img,pixels\n" + "".join(f"{img},\n" for img in range(1, 5509)))
    with pytest.raises(InputError, match=r"of data/packed/test\.csv are expected; give --count"):
        call(["submission", "check", "real.csv"])
    call(["submission", "check", "real.csv", "--count", "5508"])


def test_a_count_of_a_hundred_million_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("img,pixels\n1,\n")
    with pytest.raises(InputError, match="img 2 and 99999998 more are missing"):
        call(["submission", "check", str(tmp_path / "a.csv"), "--count", "100000000"])


@pytest.mark.parametrize("option", ["--train", "--sample"])
def test_a_picture_replaces_no_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, others in (("sub.png", ()), ("a.csv", (option, "sub.png"))):
        Path("a.csv").write_text("img,pixels\n1,\n")
        Path("sub.png").write_text("img,pixels\n1,\n")
        with pytest.raises(SystemExit, match="2"):
            call(["submission", "check", name, *others, "--picture", "./sub.png"])
        assert Path("sub.png").read_text() == "img,pixels\n1,\n"


@pytest.mark.parametrize("count", ["0", "1000000000000000000000"])
def test_a_count_that_no_competition_has_is_refused(tmp_path: Path, count: str) -> None:
    (tmp_path / "a.csv").write_text("img,pixels\n1,\n")
    with pytest.raises(InputError, match=f"--count {count}: give the number of test images"):
        call(["submission", "check", str(tmp_path / "a.csv"), "--count", count])


def test_a_sample_that_lists_an_image_twice_is_at_fault(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("img,pixels\n1,\n2,\n")
    (tmp_path / "sample.csv").write_text("img,pixels\n1,\n2,\n2,\n")
    with pytest.raises(InputError, match=r"sample\.csv: img 2 occurs twice; keep one row"):
        call(["submission", "check", str(tmp_path / "a.csv"),
              "--sample", str(tmp_path / "sample.csv")])  # fmt: skip


def test_a_faulty_training_mask_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("img,pixels\n1,\n")
    (tmp_path / "train.csv").write_text("subject,img,pixels\n1,1,\n1,2,9\n")
    with pytest.raises(InputError, match=r"train\.csv: line 3: "):
        call(["submission", "check", str(tmp_path / "a.csv"), "--count", "1",
              "--train", str(tmp_path / "train.csv")])  # fmt: skip
