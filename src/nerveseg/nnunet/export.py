"""Writes the competition in nnU-Net v2's raw format, with the folds of the split.

Source: Isensee, Jaeger, Kohl, Petersen and Maier-Hein, *Nature Methods* 18, 2021.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.atomic import whole_files
from nerveseg.data.archive import Competition
from nerveseg.data.fold_table import FoldRow
from nerveseg.data.layout import TrainRecord
from nerveseg.data.parallel import for_each
from nerveseg.errors import InputError

ENDING: Final = ".png"


def train_case(subject: int, img: int) -> str:
    """Return what nnU-Net calls a training frame."""
    return f"train_{subject}_{img}"


def test_case(img: int) -> str:
    """Return what nnU-Net calls a test frame."""
    return f"test_{img}"


def export(competition: Competition, rows: Sequence[FoldRow], folder: Path) -> None:
    """Write images, masks {0, 1}, dataset.json and splits_final.json to the new `folder`.

    Args:
        competition: the frames, at 420 x 580 pixels.
        rows: the folds of its training frames.
        folder: the folder of the data set, such as nnUNet_raw/Dataset101_Nerve.

    Raises:
        InputError: `folder` is there already, the folds are those of other frames, or a frame is
            damaged; nothing is written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: is there already; name a new folder, or remove it")
    if [row[:2] for row in rows] != [record[:2] for record in competition.train]:
        raise InputError("the folds are not those of the archive's frames; run dvc repro split")
    with whole_files(folder) as new:
        _write_frames(competition, new)
        _write_json(new / "dataset.json", _description(len(rows)))
        _write_json(new / "splits_final.json", folds_of(rows))


def folds_of(rows: Sequence[FoldRow]) -> list[dict[str, list[str]]]:
    """Return the training and validation frames of each fold, as splits_final.json lists them.

    Frames with doubtful labels are in `val` of their fold, and in no `train`.
    """
    named = [(train_case(row.subject, row.img), row) for row in rows]
    return [
        {
            "train": [name for name, row in named if row.fold != fold and not row.doubtful],
            "val": [name for name, row in named if row.fold == fold],
        }
        for fold in range(max(row.fold for row in rows) + 1)
    ]


def _write_frames(competition: Competition, folder: Path) -> None:
    images, labels, test = (folder / name for name in ("imagesTr", "labelsTr", "imagesTs"))
    for each in (images, labels, test):
        each.mkdir()

    def put(record: TrainRecord) -> None:
        name = train_case(record.subject, record.img)
        _write_image(images / f"{name}_0000{ENDING}", competition.image(record))
        _write_image(labels / f"{name}{ENDING}", competition.mask(record))

    def put_test(img: int) -> None:
        _write_image(test / f"{test_case(img)}_0000{ENDING}", competition.test_image(img))

    for_each(put, competition.train, "export train")
    for_each(put_test, competition.test, "export test")


def _description(frames: int) -> dict[str, object]:
    return {
        # nnU-Net normalises every channel by the image's own mean, unless it is called CT.
        "channel_names": {"0": "ultrasound"},
        "labels": {"background": 0, "nerve": 1},
        "numTraining": frames,
        "file_ending": ENDING,
        "overwrite_image_reader_writer": "NaturalImage2DIO",
    }


def _write_image(path: Path, pixels: NDArray[np.uint8]) -> None:
    # The whole folder is renamed once it is complete, so single files need not be.
    _, content = cv2.imencode(ENDING, pixels)
    path.write_bytes(content.tobytes())


def _write_json(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, indent=1) + "\n")
