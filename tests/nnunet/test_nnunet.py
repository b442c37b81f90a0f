"""nnU-Net's raw format holds our frames and folds, and its probabilities come back as maps."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from scipy.special import expit, logit

from nerveseg.data.archive import Competition
from nerveseg.data.fold_table import FoldRow
from nerveseg.errors import InputError
from nerveseg.external_maps import Frames, folders_of, read_frames
from nerveseg.maps import logits_of, read_maps
from nerveseg.nnunet.export import export, folds_of
from nerveseg.nnunet.predictions import import_predictions
from nerveseg.params.ensembles import is_external
from nerveseg.rle import IMAGE_SHAPE, encode

ROWS = [FoldRow(1, 1, 0, False), FoldRow(2, 1, 1, False), FoldRow(2, 3, 1, True)]
FRAMES = Frames([(1, 1)], [(1,), (10,)])
RANDOM = np.random.default_rng(0)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    for name in ("train", "test"):
        (folder / name).mkdir(parents=True)
    rows = []
    for row in ROWS:
        mask = np.zeros(IMAGE_SHAPE, np.uint8)
        mask[100 : 100 + 10 * row.subject, 200:250] = 255
        stem = folder / f"train/{row.subject}_{row.img}"
        pixels = RANDOM.integers(0, 256, IMAGE_SHAPE, dtype=np.uint8)
        tifffile.imwrite(stem.with_suffix(".tif"), pixels)
        tifffile.imwrite(stem.with_name(f"{stem.name}_mask.tif"), mask)
        rows.append([row.subject, row.img, encode(mask)])
    for img in (1, 10):
        tifffile.imwrite(folder / f"test/{img}.tif", np.full(IMAGE_SHAPE, img, np.uint8))
    with (folder / "train_masks.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["subject", "img", "pixels"], *rows])
    (folder / "sample_submission.csv").write_text("img,pixels\n1,\n10,\n")
    return folder


def predictions(folder: Path, *names: str) -> dict[str, NDArray[np.float32]]:
    """Write files as nnU-Net does, and return the probabilities of a nerve."""
    folder.mkdir(exist_ok=True)
    written = {}
    for name in names:
        nerve = expit(RANDOM.normal(0, 4, IMAGE_SHAPE)).astype(np.float32)
        np.savez_compressed(
            folder / f"{name}.npz", probabilities=np.stack([1 - nerve, nerve])[:, None]
        )
        written[name] = nerve
    return written


def test_the_raw_format_holds_the_frames_and_masks_as_they_are(
    archive: Path, tmp_path: Path
) -> None:
    out = tmp_path / "nnUNet_raw/Dataset101_Nerve"
    with Competition(archive) as competition:
        export(competition, ROWS, out)
        for record in competition.train:
            name = f"train_{record.subject}_{record.img}"
            image = cv2.imread(str(out / f"imagesTr/{name}_0000.png"), cv2.IMREAD_UNCHANGED)
            np.testing.assert_array_equal(image, competition.image(record))
            mask = cv2.imread(str(out / f"labelsTr/{name}.png"), cv2.IMREAD_UNCHANGED)
            np.testing.assert_array_equal(mask, competition.mask(record))
        with pytest.raises(InputError, match="is there already"):
            export(competition, ROWS, out)
        with pytest.raises(InputError, match="not those of the archive"):
            export(competition, ROWS[:2], tmp_path / "other")
    assert not (tmp_path / "other").exists()
    assert sorted(path.name for path in (out / "imagesTs").iterdir()) == [
        "test_10_0000.png",
        "test_1_0000.png",
    ]
    assert json.loads((out / "dataset.json").read_text())["numTraining"] == 3
    assert json.loads((out / "splits_final.json").read_text()) == folds_of(ROWS)


def test_the_folds_are_those_of_the_split_and_frames_left_out_train_nowhere() -> None:
    assert folds_of(ROWS) == [
        {"train": ["train_2_1"], "val": ["train_1_1"]},
        {"train": ["train_1_1"], "val": ["train_2_1", "train_2_3"]},
    ]


def test_probabilities_come_back_as_maps_in_the_order_of_the_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written = predictions(tmp_path / "validation", "train_1_1")
    written |= predictions(tmp_path / "test", "test_10", "test_1")
    out = Path("external/nnunet")
    import_predictions([tmp_path / "validation", tmp_path / "test"], FRAMES, out)
    for part, names in (("valid", ["train_1_1"]), ("test", ["test_1", "test_10"])):
        for name, codes in zip(names, read_maps(out / f"{part}.b2nd"), strict=True):
            expected = np.clip(logit(written[name].astype(np.float64)), -15.9, 15.9)
            assert np.abs(logits_of(codes) - expected).max() < 0.25
            assert np.abs(logits_of(codes) - expected).mean() < 0.05
    assert read_frames(out) == FRAMES
    members = ["unet", "external/nnunet"]
    assert folders_of(members, Path("p"), FRAMES) == {"unet": Path("p/unet"), str(out): out}
    with pytest.raises(InputError, match=r"valid.csv: not the valid frames of the split"):
        folders_of(members, Path("p"), FRAMES._replace(valid=[(2, 1)]))
    (out / "test.csv").write_text("img\n1\n")
    with pytest.raises(InputError, match=r"test.b2nd: 2 maps, and 1 frames in test.csv"):
        read_frames(out)
    with pytest.raises(InputError, match="external/none: not found"):
        folders_of(["external/none"], Path("p"), FRAMES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda to: (to / "test_1.npz").unlink(), "test_1.npz: missing"),
        (lambda to: predictions(to, "train_9_9"), "train_9_9.npz: neither"),
        (lambda to: (to / "test_1.npz").write_bytes(b"PK"), "test_1.npz: no readable array"),
        (
            lambda to: np.savez(to / "test_1.npz", probabilities=np.ones((2, 1, 4, 4))),
            "test_1.npz: float64 of shape (2, 1, 4, 4), expected",
        ),
        (
            lambda to: np.savez(
                to / "test_1.npz", probabilities=np.full((2, 1, *IMAGE_SHAPE), np.nan)
            ),
            "test_1.npz: its two classes do not add up to 1",
        ),
    ],
)
def test_faulty_predictions_are_named_in_a_line_and_nothing_is_written(
    tmp_path: Path, change: Callable[[Path], object], message: str
) -> None:
    folder = tmp_path / "found"
    predictions(folder, "train_1_1", "test_1", "test_10")
    change(folder)
    with pytest.raises(InputError) as raised:
        import_predictions([folder], FRAMES, tmp_path / "external/nnunet")
    assert message in str(raised.value)
    assert not (tmp_path / "external/nnunet").exists()


def test_only_a_plain_name_below_external_is_an_external_member() -> None:
    assert is_external("external/nnunet")
    assert not any(map(is_external, ("nnunet", "external/", "external/../x", "external/a/b")))
