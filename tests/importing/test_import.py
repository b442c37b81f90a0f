"""`nerveseg import` from a folder to an archive that the pipeline takes."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from own_images import COMMAND, SHAPE, picture, rectangle, run, save, tree, write_folder
from own_media import write_dicom, write_video
from PIL import Image

from nerveseg import rle
from nerveseg.data import own_archive
from nerveseg.data.archive import Competition
from nerveseg.errors import FaultsError, InputError
from nerveseg.importing.geometry import read_geometry
from nerveseg.submission.score import read_solution


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "own")


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_pipeline_takes_the_archive(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(folder, out)
    with Competition(out / "archive") as competition:
        competition.verify()
        assert [(row.subject, row.img) for row in competition.train] == [
            (subject, img) for subject in sorted({row.subject for row in competition.train})
            for img in (1, 2)
        ]  # fmt: skip
        assert len(competition.train) == 6
        assert competition.test == [1, 2]
    (tmp_path / "taken").mkdir()
    own_archive.take(out / "archive", out / "solution.csv", tmp_path / "taken")
    with Competition(tmp_path / "taken/competition.zip") as competition:
        assert len(competition.train) == 6


def test_every_frame_shows_the_file_that_the_table_names(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(folder, out)
    subjects = {int(row["subject"]): row["name"] for row in table(out / "subjects.csv")}
    assert sorted(subjects.values()) == ["anna", "bob", "cy", "di"]
    truth = read_solution(out / "solution.csv")
    with Competition(out / "archive") as competition:
        records = {(row.subject, row.img): row for row in competition.train}
        origins = read_geometry(out / "geometry.csv")
        assert len(origins) == 8
        for (part, subject, img), origin in origins.items():
            assert origin.file.startswith(subjects[subject])
            image = np.array(Image.open(folder / origin.file))
            mask = np.array(Image.open(folder / origin.file.replace(".png", "_mask.png"))) > 0
            if part == "train":
                shown = competition.image(records[subject, img])
                outlined = competition.mask(records[subject, img])
            else:
                shown, outlined = competition.test_image(img), rle.decode(truth[img].pixels)
            assert (shown == origin.geometry.image_to_frame(image)).all()
            assert (origin.geometry.mask_to_original(outlined) == mask).all()


def test_the_same_folder_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "one")
    run(folder, tmp_path / "two")
    names = list(tree(tmp_path / "one"))
    assert names == list(tree(tmp_path / "two"))
    assert len(names) == 3 + 12 + 2 + 2 + 4
    for name in names:
        if (tmp_path / "one" / name).is_file():
            assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_no_subject_is_in_both_sets(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "out", *COMMAND, "--test-subjects", "di", "--test-subjects", "bob")
    rows = table(tmp_path / "out/subjects.csv")
    assert [(row["name"], row["train_frames"], row["test_frames"]) for row in rows] == [
        ("anna", "2", "0"),
        ("bob", "0", "2"),
        ("cy", "2", "0"),
        ("di", "0", "2"),
    ]


def test_usages_follow_the_share(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "out", *COMMAND, "--test-share", "0.5", "--public-share", "0.25")
    usages = [row.usage for row in read_solution(tmp_path / "out/solution.csv").values()]
    assert sorted(usages) == ["Private"] * 3 + ["Public"]


def test_several_masks_of_an_image_are_merged(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "own", ("anna", "bob"))
    save(folder / "anna_1_mask.png", rectangle(0, 0, 0, 0))
    for number, mask in enumerate((rectangle(20, 20, 30, 30), rectangle(40, 40, 30, 30))):
        save(folder / f"anna_1_mask_{number}.png", mask * np.uint8(255))
    options = ("--images", "*_?.png", "--masks", "*_?_mask*.png", *COMMAND[4:])
    run(folder, tmp_path / "out", *options, "--test-subjects", "bob")
    with Competition(tmp_path / "out/archive") as competition:
        union = rectangle(20, 20, 30, 30) | rectangle(40, 40, 30, 30)
        assert competition.mask(competition.train[0]).sum() == 4 * union.sum()


def test_regular_expressions_and_a_table_of_subjects(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    for number in (1, 2, 10):
        save(folder / f"scans/i{number}.png", picture(number))
        save(folder / f"labels/m{number:03d}.png", rectangle(50, 60, 40, 80))
    rows = "\n".join(f"x,{who},i{number}.png" for number, who in ((1, "ö"), (2, "b"), (10, "b")))
    (tmp_path / "who.csv").write_text(f"note,patient,image\n{rows}\n", encoding="utf-8")
    run(
        folder,
        tmp_path / "out",
        *("--images", r"re:scans/i0*(?P<id>\d+)\.png", "--masks", r"re:labels/m0*(?P<id>\d+)\.png"),
        *("--subject-table", str(tmp_path / "who.csv")),
        *("--file-column", "image", "--subject-column", "patient", "--test-subjects", "ö"),
    )
    assert [row["name"] for row in table(tmp_path / "out/subjects.csv")] == ["b", "ö"]
    files = [row["file"] for row in table(tmp_path / "out/geometry.csv")]
    assert files == ["scans/i2.png", "scans/i10.png", "scans/i1.png"]


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


def test_images_whose_masks_are_not_known_are_tested(folder: Path, tmp_path: Path) -> None:
    save(folder / "new/eve_1.png", picture(99))
    run(folder, tmp_path / "out", *COMMAND, "--test-images", "new/*.png")
    assert not (tmp_path / "out/solution.csv").exists()
    with Competition(tmp_path / "out/archive") as competition:
        competition.verify()
        assert (len(competition.train), competition.test) == (8, [1])


def damage(folder: Path) -> None:
    """Introduce one fault of each kind."""
    (folder / "anna_1.png").write_bytes(b"no image")
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
        "anna_1.png", "anna_2_mask.png", "bob_1_mask.png", "bob_2.png", "cy_1_mask.png",
    ]  # fmt: skip
    assert list(tree(tmp_path)) == before


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


def test_a_dry_run_draws_the_sheet_alone(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(tree(tmp_path))
    run(folder, tmp_path / "out", *COMMAND, "--dry-run")
    assert set(tree(tmp_path)) - set(before) == {"out-sheet.png"}
    assert "nothing else was written" in capsys.readouterr().out
    sheet = np.asarray(Image.open(tmp_path / "out-sheet.png"))
    assert sheet.shape == (2 * (222 + 24), 4 * 302, 3)
    # Each subject's first frame has a nerve and is outlined; the others have none.
    outlined = np.equal(sheet, (255, 210, 40)).all(axis=2)
    assert outlined[:246].any()
    assert not outlined[246:].any()


def test_the_command_it_prints_names_parameters_that_suit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(tmp_path / "own", ("anna", "bob", "cy"))
    for path in folder.glob("*_1_mask.png"):
        save(path, rectangle(50, 60, 10, 20) * np.uint8(255))
    run(folder, tmp_path / "out")
    printed = capsys.readouterr().out.splitlines()
    assert printed[:2] == [
        "train: 4 frames of 2 subjects, 2 with a mask",
        "test: 2 frames of 1 subjects, 1 with a mask",
    ]
    # A mask of 10 x 20 pixels has 20 x 40 in the frame; half of these are 400.
    assert re.findall(r"-S (\S+?)=(\S+)", printed[-1])[-3:] == [
        ("split.folds", "2"),
        ("encode.min_blob", "400"),
        ("encode.min_total", "400"),
    ]


def test_coco_and_labelme_give_the_same_archive(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for number, name in enumerate(("a", "b", "c")):
        corners = [[10, 10], [100, 20], [60, 90 + number]]
        save(folder / f"deep/{name}.png", picture(number))
        shape = {"label": "nerve", "points": corners, "shape_type": "polygon"}
        document = {"imageHeight": SHAPE[0], "imageWidth": SHAPE[1], "shapes": [shape]}
        (folder / f"deep/{name}.json").write_text(json.dumps(document))
        images.append({"id": number, "file_name": f"{name}.png", "height": 210, "width": 290})
        flat = [value for corner in corners for value in corner]
        annotations.append({"id": number, "image_id": number, "category_id": 1})
        annotations[-1]["segmentation"] = [flat]
    coco = {"images": images, "annotations": annotations}
    coco["categories"] = [{"id": 1, "name": "nerve"}]
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    rest = ("--images", "**/*.png", "--subject", r"(?P<subject>\w)\.png", "--category", "nerve")
    run(folder, tmp_path / "one", *rest, "--coco", str(tmp_path / "coco.json"))
    run(folder, tmp_path / "two", *rest, "--masks", "**/*.json")
    for name in ("archive/train_masks.csv", "solution.csv"):
        rows = (tmp_path / "one" / name).read_text()
        assert rows == (tmp_path / "two" / name).read_text()
        assert rows.count(" ") > 90
    images[0]["file_name"] = "z.png"
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    with pytest.raises(InputError, match=r"coco\.json: z\.png: no image of this name"):
        run(folder, tmp_path / "three", *rest, "--coco", str(tmp_path / "coco.json"))


MASKS = [rectangle(50, 60 + 5 * number, 40, 80) for number in range(4)]


def mask_video(folder: Path, name: str) -> None:
    write_video(folder / f"{name}_mask.mkv", [mask * np.uint8(255) for mask in MASKS])


def mask_folder(folder: Path, name: str) -> None:
    for number, mask in enumerate(MASKS):
        save(folder / f"{name}/{number + 1:04d}.png", mask)


@pytest.mark.parametrize(
    ("write_masks", "options"),
    [
        (mask_video, ("--masks", "*_mask.mkv")),
        (mask_folder, ("--masks", "*/{frame}.png", "--first-frame", "1")),
    ],
)
def test_videos_with_masks_of_their_frames(
    tmp_path: Path, write_masks: Callable[[Path, str], None], options: tuple[str, ...]
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("a", "b"):
        write_video(folder / f"{name}.mkv", [picture(number) for number in range(4)])
        write_masks(folder, name)
    rest = ("--images", "*.mkv", "--subject", "^(?P<subject>.)", *options, "--every", "2")
    run(folder, tmp_path / "out", *rest, "--test-subjects", "b")
    origins = read_geometry(tmp_path / "out/geometry.csv")
    assert [origin.frame for origin in origins.values()] == [0, 2, 0, 2]
    with Competition(tmp_path / "out/archive") as competition:
        for record, number in zip(competition.train, (0, 2), strict=True):
            back = origins["train", 1, record.img].geometry.mask_to_original(
                competition.mask(record)
            )
            assert (back == MASKS[number]).all()


def test_masks_must_be_as_many_as_frames(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for name, frames in (("a", 3), ("b", 5)):
        write_video(folder / f"{name}.mkv", [picture(number) for number in range(frames)])
        mask_video(folder, name)
    rest = ("--images", "*.mkv", "--subject", "^(?P<subject>.)", "--masks", "*_mask.mkv")
    with pytest.raises(FaultsError) as error:
        run(folder, tmp_path / "out", *rest)
    assert [line.partition(" its image")[0] for line in error.value.lines] == [
        "a_mask.mkv: has more frames than",
        "b_mask.mkv: has fewer frames than",
    ]


def test_frames_without_masks_are_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("a", "b"):
        write_video(folder / f"{name}.mkv", [picture(number) for number in range(4)])
        mask_folder(folder, name)
    for number in (2, 3):
        (folder / f"a/000{number}.png").unlink()
    rest = (
        *("--images", "*.mkv", "--subject", "^(?P<subject>.)", "--masks", "*/{frame}.png"),
        *("--first-frame", "1", "--test-subjects", "b"),
    )
    with pytest.raises(FaultsError, match=r"^a\.mkv: no mask for 2 of 4 frames; add it"):
        run(folder, tmp_path / "out", *rest)
    run(folder, tmp_path / "out", *rest, "--missing-mask", "skip")
    origins = read_geometry(tmp_path / "out/geometry.csv")
    assert [key for key in origins if key[0] == "train"] == [("train", 1, 1), ("train", 1, 2)]
    with pytest.raises(FaultsError) as error:
        run(folder, tmp_path / "two", *rest, "--missing-mask", "skip", "--first-frame", "2")
    assert [line.partition(";")[0] for line in error.value.lines] == [
        f"{name}/0001.png: {name}.mkv has no such frame, only 2 to 5" for name in "ab"
    ]


@pytest.mark.parametrize("kept", [0, 300, 3000])
def test_a_damaged_video_is_one_line(tmp_path: Path, kept: int) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("a", "b"):
        write_video(folder / f"{name}.mkv", [picture(1)])
        save(folder / f"{name}_mask.png", MASKS[0])
    (folder / "b.mkv").write_bytes((folder / "b.mkv").read_bytes()[:kept])
    rest = ("--images", "*.mkv", "--masks", "*_mask.png", "--subject", "^(?P<subject>.)")
    with pytest.raises(FaultsError, match=r"^b\.mkv: [^;]*(damaged|no frames)[^\n]*; replace it$"):
        run(folder, tmp_path / "out", *rest)


def test_nothing_of_a_dicom_header_is_copied(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("a", "b"):
        write_dicom(folder / f"{name}.dcm", picture(1), "MONOCHROME2")
        save(folder / f"{name}_mask.png", MASKS[0])
    rest = ("--images", "*.dcm", "--masks", "*_mask.png", "--subject", "^(?P<subject>.)")
    run(folder, tmp_path / "out", *rest)
    assert b"Secret" in (folder / "a.dcm").read_bytes()
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(written) == 9
    assert not [path for path in written if b"Secret" in path.read_bytes()]
