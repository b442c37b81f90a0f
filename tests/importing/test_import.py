"""`nerveseg import` from a folder to an archive that the pipeline takes."""

import json
from pathlib import Path

import numpy as np
import pytest
from own_images import COMMAND, SHAPE, picture, rectangle, run, save, table, tree, write_folder
from PIL import Image

from nerveseg import rle
from nerveseg.data import own_archive
from nerveseg.data.archive import Competition
from nerveseg.errors import InputError
from nerveseg.importing.geometry import read_geometry
from nerveseg.submission.score import read_solution


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


def test_subjects_are_numbered_in_natural_order_even_if_their_numbers_are_equal(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "own"
    for name in ("10", "2", "01", "1", "001"):
        save(folder / f"{name}.png", picture(int(name)))
        save(folder / f"{name}_mask.png", rectangle(50, 60, 40, 80))
    run(folder, tmp_path / "out", *COMMAND[:4], "--subject", r"^(?P<subject>\d+)")
    names = [row["name"] for row in table(tmp_path / "out/subjects.csv")]
    assert names == ["001", "01", "1", "2", "10"]


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


def test_images_whose_masks_are_not_known_are_tested(folder: Path, tmp_path: Path) -> None:
    save(folder / "new/eve_1.png", picture(99))
    run(folder, tmp_path / "out", *COMMAND, "--test-images", "new/*.png")
    assert not (tmp_path / "out/solution.csv").exists()
    with Competition(tmp_path / "out/archive") as competition:
        competition.verify()
        assert (len(competition.train), competition.test) == (8, [1])


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
