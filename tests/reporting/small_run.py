"""Small results to report on: a few runs and a dozen frames that look like ultrasound.

The code of the real stages computes the scores, so that the tests notice a renamed column.
"""

import csv
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from ruamel.yaml import YAML

from nerveseg import rle
from nerveseg.data.layout import TrainRecord
from nerveseg.evaluation.compare import Comparison, Standing
from nerveseg.evaluation.frame_scores import score_frames
from nerveseg.evaluation.paper import PaperComparison, compare_with_paper
from nerveseg.evaluation.result_files import write_csv, write_json
from nerveseg.evaluation.run_scores import write_scores
from nerveseg.evaluation.summary import CurvePoint, read_scored, summarise
from nerveseg.evaluation.validation_set import open_validation
from nerveseg.maps import MapWriter, quantise
from nerveseg.rle import IMAGE_SHAPE

# run -> its title
TITLES = {"baseline": "Baseline", "unet": "U-Net", "rpa_apf": "RPA/APF (ours)"}
# run -> error of its outlines in pixels, probability of a false alarm
SKILL = {"baseline": (9.0, 0.3), "unet": (6.0, 0.15), "rpa_apf": (4.0, 0.1)}
Mask = NDArray[np.uint8]
REPOSITORY = Path(__file__).parents[2]


def write_run(
    root: Path,
    skill: dict[str, tuple[float, float]] = SKILL,
    subjects: int = 4,
    frames: int = 3,
    nerves: bool = True,
) -> None:
    """Write the outputs of the stages before `report`, and params.yaml, to `root`."""
    rng = np.random.default_rng(7)
    keys = [(subject, img) for subject in range(1, subjects + 1) for img in range(1, frames + 1)]
    masks = [_nerve(rng) if nerves and place % 3 else _none() for place in range(len(keys))]
    _write_competition(root, keys, masks, rng)
    for name, (error, alarm) in skill.items():
        _write_one_run(root, name, keys, [_predict(mask, error, alarm, rng) for mask in masks])
    _write_metrics(root, list(skill), rng)
    _write_params(root, list(skill))


def build(root: Path) -> subprocess.CompletedProcess[str]:
    """Run the stage in `root` as DVC does."""
    stage = REPOSITORY / "stages/report.py"
    settings = os.environ | {"PYTHONPATH": str(REPOSITORY / "src"), "PYTHONWARNINGS": "error"}
    return subprocess.run(
        [sys.executable, str(stage)], cwd=root, env=settings, capture_output=True, text=True
    )


def _none() -> Mask:
    return np.zeros(IMAGE_SHAPE, np.uint8)


def _ellipse(centre: tuple[float, float], axes: tuple[float, float], angle: float) -> Mask:
    row, column = (round(value) for value in centre)
    size = (round(axes[0]), round(axes[1]))
    return np.asarray(cv2.ellipse(_none(), (column, row), size, angle, 0, 360, 1, -1), np.uint8)


def _nerve(rng: np.random.Generator) -> Mask:
    centre = (rng.normal(170, 25), rng.normal(320, 40))
    return _ellipse(centre, (rng.uniform(36, 60), rng.uniform(30, 44)), rng.uniform(-20, 20))


def _image(mask: Mask, rng: np.random.Generator) -> Mask:
    rows = np.linspace(0, 1, IMAGE_SHAPE[0])[:, None]
    echo = 95 - 45 * rows + 60 * np.exp(-(((rows - 0.2) / 0.03) ** 2)) - 25.0 * mask
    speckle = cv2.GaussianBlur(rng.rayleigh(1, IMAGE_SHAPE), (0, 0), sigmaX=2.2, sigmaY=1.1)
    grey = np.clip(echo * (speckle / speckle.mean()) ** 2, 0, 255)
    return np.asarray(grey, np.uint8)


def _predict(mask: Mask, error: float, alarm: float, rng: np.random.Generator) -> Mask:
    if not mask.any():
        return _nerve(rng) if rng.random() < alarm else mask
    if rng.random() < alarm / 2:
        return _none()
    shift = np.array([[1, 0, rng.normal(0, error)], [0, 1, rng.normal(0, error)]])
    return np.asarray(cv2.warpAffine(mask, shift, IMAGE_SHAPE[::-1]), np.uint8)


def _write_competition(
    root: Path, keys: list[tuple[int, int]], masks: list[Mask], rng: np.random.Generator
) -> None:
    (root / "data/verified").mkdir(parents=True)
    rows = [(*key, rle.encode(mask)) for key, mask in zip(keys, masks, strict=True)]
    _csv(root / "data/packed/train.csv", ("subject", "img", "pixels"), rows)
    split = [(*key, 0, "valid") for key in keys]
    _csv(root / "data/split.csv", ("subject", "img", "fold", "part"), split)
    tiff = root / "data/verified/frame.tif"
    with zipfile.ZipFile(root / "data/verified/competition.zip", "w") as archive:
        for (subject, img), mask in zip(keys, masks, strict=True):
            tifffile.imwrite(tiff, _image(mask, rng), compression="lzw")
            archive.write(tiff, f"train/{subject}_{img}.tif")
            tifffile.imwrite(tiff, mask * 255, compression="lzw")
            archive.write(tiff, f"train/{subject}_{img}_mask.tif")
        tifffile.imwrite(tiff, _image(_none(), rng), compression="lzw")
        archive.write(tiff, "test/1.tif")
        archive.write(root / "data/packed/train.csv", "train_masks.csv")
        archive.writestr("sample_submission.csv", "img,pixels\n1,1 1\n")
    tiff.unlink()


def _write_one_run(
    root: Path, name: str, keys: list[tuple[int, int]], predictions: list[Mask]
) -> None:
    rows = [(*key, rle.encode(mask)) for key, mask in zip(keys, predictions, strict=True)]
    _csv(root / f"data/masks/{name}.csv", ("subject", "img", "pixels"), rows)
    path = root / f"data/predictions/{name}/valid.b2nd"
    path.parent.mkdir(parents=True)
    with MapWriter(path, len(keys)) as maps:
        for mask in predictions:
            inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
            outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 3)
            maps.write(quantise(np.clip((inside - outside) / 4, -9, 9).astype(np.float32)))
    packed, split = root / "data/packed/train.csv", root / "data/split.csv"
    frames = open_validation(packed, split, root / f"data/masks/{name}.csv", path)
    truths = [TrainRecord(*record) for record in frames.truths]
    boards = {"public": 0.70, "private": 0.71, "empty_public": 0.51, "empty_private": 0.53}
    write_scores(root / "data/scores" / name, truths, score_frames(frames), boards, bins=10)


def _write_metrics(root: Path, runs: list[str], rng: np.random.Generator) -> None:
    for place, name in enumerate(runs):
        cost: dict[str, Any] = {
            "parameters": 20_000_000 * (1 + place),
            "gmacs": 6.0 + place,
            "latency_ms": 30.0,
        }
        cost |= {"training_gib": 2.5, "size": 512, "batch": 8, "device": "cpu", "threads": 2}
        _json(root / f"data/costs/{name}.json", cost)
    summary = summarise(read_scored(root / "data/scores", runs), runs[-1], level=0.95)
    metrics = root / "metrics"
    write_csv(metrics / "comparison.csv", Comparison._fields, summary.comparison)
    write_csv(metrics / "groups.csv", Standing._fields, summary.standings)
    write_csv(
        metrics / "paper.csv",
        PaperComparison._fields,
        compare_with_paper(summary.scores, {name: name for name in SKILL}),
    )
    points = [
        CurvePoint(name, epoch, metric, float(rng.uniform(0.4, 0.6) + sign * epoch / 10))
        for name in runs
        for metric, sign in (("train/loss", -1), ("valid/dice", 1))
        for epoch in range(4)
    ]
    write_csv(metrics / "curves.csv", CurvePoint._fields, points)
    write_json(metrics / "scores.json", summary.scores)


def _write_params(root: Path, runs: list[str]) -> None:
    yaml = YAML()
    params = yaml.load(REPOSITORY / "params.yaml")
    params["models"] = {name: params["models"][name] for name in runs}
    params["summary"]["reference"] = runs[-1]
    yaml.dump(params, root / "params.yaml")


def _csv(path: Path, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _json(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
