"""What is wrong with a folder is reported at once, and nothing is written."""

from pathlib import Path

import numpy as np
import pytest
from own_images import COMMAND, picture, rectangle, run, save, table, tree
from PIL import Image

from nerveseg.errors import FaultsError, InputError


@pytest.mark.parametrize(("rule", "frames"), [("empty", 6), ("skip", 5)])
def test_an_image_without_a_mask(folder: Path, tmp_path: Path, rule: str, frames: int) -> None:
    (folder / "anna_1_mask.png").unlink()
    options = (*COMMAND, "--test-subjects", "di")
    with pytest.raises(InputError, match=r"^anna_1\.png: no mask; add it, or say with --missing"):
        run(folder, tmp_path / "out", *options)
    run(folder, tmp_path / "out", *options, "--missing-mask", rule)
    rows = table(tmp_path / "out/archive/train_masks.csv")
    assert len(rows) == frames
    assert rows[0]["pixels"] == ""


def damage(folder: Path) -> None:
    """Introduce one fault of each kind."""
    (folder / "anna_1.png").write_bytes(b"no image")
    (folder / "anna_1_mask.png").write_bytes(b"no image either")
    (folder / "anna_2_mask.png").write_bytes((folder / "anna_2_mask.png").read_bytes()[:60])
    save(folder / "bob_1_mask.png", rectangle(5, 5, 9, 9, (100, 100)))
    (folder / "bob_2_mask.png").unlink()
    save(folder / "cy_1_mask.png", picture(1))


def test_all_faults_are_reported_at_once_and_nothing_is_written(
    folder: Path, tmp_path: Path
) -> None:
    damage(folder)
    before = list(tree(tmp_path))
    with pytest.raises(FaultsError) as error:
        run(folder, tmp_path / "out")
    names = [line.partition(":")[0] for line in error.value.lines]
    assert names == [
        "anna_1.png",
        "anna_1_mask.png",
        "anna_2_mask.png",
        "bob_1_mask.png",
        "bob_2.png",
        "cy_1_mask.png",
    ]
    assert list(tree(tmp_path)) == before


def test_a_pattern_without_images_is_one_fault_however_many_masks_there_are(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(FaultsError) as error:
        run(folder, tmp_path / "out", *COMMAND, "--images", "{name}.bmp")
    assert error.value.lines == ["{name}.bmp: no file matches; correct the pattern of the images"]


def test_a_mask_that_would_vanish_is_a_fault(folder: Path, tmp_path: Path) -> None:
    save(folder / "anna_2.png", picture(1, (1680, 2320)))
    save(folder / "anna_2_mask.png", rectangle(8, 8, 2, 2, (1680, 2320)))
    with pytest.raises(InputError, match=r"^anna_2\.png: its mask of 4 pixels vanishes at 580 x 4"):
        run(folder, tmp_path / "out")


def test_files_that_no_pattern_matches_are_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "readme.txt").write_text("hello")
    (folder / "deep").mkdir()
    save(folder / "deep/x.png", picture(1))
    run(folder, tmp_path / "out")
    printed = capsys.readouterr().out
    assert "no pattern matches: 2 files (deep/x.png, readme.txt)\n" in printed


def test_a_name_that_no_table_can_hold_is_a_fault(folder: Path, tmp_path: Path) -> None:
    odd = folder / "anna_\udcff.png"
    (folder / "anna_1.png").rename(odd)
    with pytest.raises(InputError, match=r"'anna_\\udcff\.png': its name is not UTF-8; rename it"):
        run(folder, tmp_path / "out")


def test_faults_of_names_are_reported_at_once(folder: Path, tmp_path: Path) -> None:
    save(folder / "eve_1_mask.png", rectangle(5, 5, 9, 9))
    save(folder / "77.png", picture(1))
    with pytest.raises(FaultsError) as error:
        run(folder, tmp_path / "out")
    assert [line.partition(";")[0] for line in error.value.lines] == [
        "eve_1_mask.png: a mask without its image",
        "77.png: its subject is not known",
    ]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--images", "*.jpg", *COMMAND[2:]), r"\*\.jpg: no file matches"),
        (("--images", "*", "--masks", "*", *COMMAND[4:]), r"^\*: only masks match; correct"),
        (("--images", "re:*", *COMMAND[2:]), "not a regular expression"),
        (("--images", "re:.*", *COMMAND[2:]), "has no group named id"),
        ((*COMMAND[:4], "--subject", "x"), "has no group named subject"),
        ((*COMMAND, "--test-subjects", "zoe"), "no image shows 'zoe'; the subjects are anna, b"),
        ((*COMMAND[:4], "--subject", "(?P<subject>)", "--test-share", "0.1"), "is not known"),
        ((*COMMAND[:4], "--subject", "(?P<subject>_)"), "only one subject"),
        ((*COMMAND, "--test-images", "x/*.png"), "correct --test-images"),
    ],
)
def test_wrong_options_are_one_line(
    folder: Path, tmp_path: Path, options: tuple[str, ...], fault: str
) -> None:
    with pytest.raises(InputError, match=fault):
        run(folder, tmp_path / "out", *options)


def test_a_folder_that_is_there_is_left_alone(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        run(folder, tmp_path / "out")
    assert list(tree(tmp_path / "out")) == ["mine.txt"]
    with pytest.raises(InputError, match="lies within the folder to import"):
        run(folder, folder / "out")
    with pytest.raises(InputError, match="not a folder; give the folder"):
        run(tmp_path / "nowhere", tmp_path / "new")


def test_one_image_under_two_subjects_is_warned_of(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(folder / "bob_2.png", np.asarray(Image.open(folder / "anna_2.png")))
    save(folder / "cy_2.png", np.asarray(Image.open(folder / "cy_1.png")))
    run(folder, tmp_path / "out")
    assert capsys.readouterr().err == (
        "warning: anna_2.png and bob_2.png are the same image, but of the subjects anna and bob; "
        "remove one, or correct --subject\n"
    )


@pytest.mark.parametrize(
    "chosen", [("--mask-value", "254"), ("--mask-value", "-1"), ("--mask-color", "#123456")]
)
def test_a_value_that_no_mask_has_is_a_fault(
    folder: Path, tmp_path: Path, chosen: tuple[str, str]
) -> None:
    with pytest.raises(InputError, match="every mask is empty; correct --mask-value, --mask-color"):
        run(folder, tmp_path / "out", *COMMAND, *chosen)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--levels", "nan", "nan"),
        ("--levels", "-inf", "inf"),
        ("--levels", "2", "1"),
        ("--test-share", "nan"),
        ("--public-share", "nan"),
    ],
)
def test_what_is_no_number_is_bad_usage(
    folder: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(folder, tmp_path / "out", *COMMAND, *options)


def test_the_contact_sheet_of_a_dry_run_replaces_no_image(folder: Path, tmp_path: Path) -> None:
    before = (folder / "anna_1.png").read_bytes()
    with pytest.raises(SystemExit, match="2"):
        run(folder, tmp_path / "out", *COMMAND, "--dry-run", "--sheet", str(folder / "anna_1.png"))
    assert (folder / "anna_1.png").read_bytes() == before
