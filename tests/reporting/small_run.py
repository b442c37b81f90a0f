"""Small results to report on: a few runs and a dozen frames that look like ultrasound.

The code of the real stages computes the scores, so that the tests notice a renamed column.
"""

import csv
import io
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
from nerveseg.evaluation.baselines import read_baselines, write_baselines
from nerveseg.evaluation.compare import Comparison, Standing
from nerveseg.evaluation.frame_scores import score_frames
from nerveseg.evaluation.paper import PaperComparison, compare_with_paper
from nerveseg.evaluation.result_files import write_csv, write_json
from nerveseg.evaluation.run_scores import leaderboard_scores, write_scores
from nerveseg.evaluation.summary import CurvePoint, read_scored, summarise
from nerveseg.evaluation.trainings import TrainingResult
from nerveseg.evaluation.validation_set import open_validation
from nerveseg.evaluation.verdict import judge
from nerveseg.inference.decision_file import fixed_decision, write_decision
from nerveseg.inference.rule import Rule
from nerveseg.maps import MapWriter, quantise
from nerveseg.rle import IMAGE_SHAPE

# run -> its title
TITLES = {"baseline": "Baseline", "unet": "U-Net", "rpa_apf": "RPA/APF (ours)"}
# run -> error of its outlines in pixels, probability of a false alarm
SKILL = {"baseline": (9.0, 0.3), "unet": (6.0, 0.15), "rpa_apf": (4.0, 0.1)}
TESTS = 6  # test frames
TRAINED = 90  # the only training subject
Mask = NDArray[np.uint8]
REPOSITORY = Path(__file__).parents[2]


def write_run(
    root: Path,
    skill: dict[str, tuple[float, float]] = SKILL,
    *,
    subjects: int = 4,
    frames: int = 3,
    nerves: bool = True,
    solution: bool = True,
    empty: int = 3,
) -> None:
    """Write the outputs of the stages before `report`, and params.yaml, to `root`.

    Args:
        root: the folder to write to.
        skill: run -> error of its outlines in pixels, probability of a false alarm; an error of
            NaN gives empty masks.
        subjects: number of validation subjects.
        frames: frames of each of them.
        nerves: whether any frame has a nerve.
        solution: whether the masks of the test frames are known.
        empty: every so many validation frames, one has no nerve.
    """
    rng = np.random.default_rng(7)
    keys = [(subject, img) for subject in range(1, subjects + 1) for img in range(1, frames + 1)]
    masks = [_nerve(rng) if nerves and place % empty else _none() for place in range(len(keys))]
    tests = [_nerve(rng) if nerves and place % 2 else _none() for place in range(TESTS)]
    _write_competition(root, keys, masks, tests, rng=rng, solution=solution)
    for name, (error, alarm) in skill.items():
        predicted = [_predict(mask, error, alarm, rng) for mask in [*masks, *tests]]
        valid = dict(zip(keys, predicted, strict=False))
        _write_one_run(root, name, valid, predicted[len(keys) :])
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
    if np.isnan(error):
        return _none()
    if not mask.any():
        return _nerve(rng) if rng.random() < alarm else mask
    if rng.random() < alarm / 2:
        return _none()
    shift = np.array([[1, 0, rng.normal(0, error)], [0, 1, rng.normal(0, error)]])
    return np.asarray(cv2.warpAffine(mask, shift, IMAGE_SHAPE[::-1]), np.uint8)


def _write_competition(
    root: Path,
    keys: list[tuple[int, int]],
    masks: list[Mask],
    tests: list[Mask],
    *,
    rng: np.random.Generator,
    solution: bool,
) -> None:
    (root / "data/verified").mkdir(parents=True)
    truths = dict(zip(keys, masks, strict=True))
    # Two training frames, from which the constant mask is computed.
    trained = {
        (TRAINED, img): _nerve(rng) if any(m.any() for m in masks) else _none() for img in (1, 2)
    }
    _csv(root / "data/packed/train.csv", ("subject", "img", "pixels"), _rows(truths | trained))
    split = [(*key, 0, "valid") for key in keys] + [(*key, 1, "train") for key in trained]
    _csv(root / "data/split.csv", ("subject", "img", "fold", "part"), split)
    numbered = dict(enumerate(tests, 1))
    _csv(root / "data/packed/test.csv", ("img",), [(img,) for img in numbered])
    usage = [(img, rle.encode(m), ("Public", "Private")[img % 2]) for img, m in numbered.items()]
    rows = usage if solution else []
    _csv(root / "data/verified/solution.csv", ("img", "pixels", "Usage"), rows)
    with zipfile.ZipFile(root / "data/verified/competition.zip", "w") as archive:
        for (subject, img), mask in (truths | trained).items():
            archive.writestr(f"train/{subject}_{img}.tif", _tiff(_image(mask, rng)))
            archive.writestr(f"train/{subject}_{img}_mask.tif", _tiff(mask * np.uint8(255)))
        for img, mask in numbered.items():
            archive.writestr(f"test/{img}.tif", _tiff(_image(mask, rng)))
        archive.write(root / "data/packed/train.csv", "train_masks.csv")
        sample = "".join(f"{img},1 1\n" for img in numbered)
        archive.writestr("sample_submission.csv", f"img,pixels\n{sample}")
    paths = (root / "data/packed/train.csv", root / "data/split.csv")
    write_baselines(root / "data/baselines", *paths, root / "data/verified/solution.csv")


def _rows(masks: dict[tuple[int, int], Mask]) -> list[tuple[Any, ...]]:
    return [(*key, rle.encode(mask)) for key, mask in masks.items()]


def _tiff(image: Mask) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, image, compression="lzw")
    return buffer.getvalue()


def _write_one_run(
    root: Path, name: str, masks: dict[tuple[int, int], Mask], tests: list[Mask]
) -> None:
    keys, predictions = list(masks), list(masks.values())
    _csv(root / f"data/masks/{name}.csv", ("subject", "img", "pixels"), _rows(masks))
    submission = root / f"submissions/{name}.csv"
    _csv(submission, ("img", "pixels"), [(i, rle.encode(m)) for i, m in enumerate(tests, 1)])
    rule = Rule(name="fixed", threshold=0.5, min_blob=0, min_total=0)
    write_decision(root / f"data/decisions/{name}.json", fixed_decision(rule))
    path = root / f"data/predictions/{name}/valid.b2nd"
    path.parent.mkdir(parents=True)
    with MapWriter(path, len(keys)) as maps:
        for mask in predictions:
            inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
            outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 3)
            maps.write(quantise(np.clip((inside - outside) / 4, -9, 9).astype(np.float32)))
    packed, split = root / "data/packed/train.csv", root / "data/split.csv"
    validation = open_validation(packed, split, root / f"data/masks/{name}.csv", path)
    truths = [TrainRecord(*record) for record in validation.truths]
    boards = leaderboard_scores(submission, root / "data/verified/solution.csv")
    frames, baselines = score_frames(validation), read_baselines(root / "data/baselines")
    verdict = judge(frames, baselines, truths, 0.95)
    folder = root / "data/scores" / name
    write_scores(folder, truths, frames, boards=boards, verdict=verdict, bins=10)


def _write_metrics(root: Path, runs: list[str], rng: np.random.Generator) -> None:
    for place, name in enumerate(runs):
        cost: dict[str, Any] = {
            "parameters": 20_000_000 * (1 + place),
            "gmacs": 6.0 + place,
            "training_gib": 2.5,
        }
        cost |= {"latency_ms": 30.0, "latency_low_ms": 29.5, "latency_high_ms": 31.0}
        relative = {"": 8.0 + place, "_low": 7.5 + place, "_high": 8.25 + place}
        cost |= {f"latency_relative{end}": value for end, value in relative.items()}
        cost |= {"size": 512, "batch": 8, "device": "cpu", "threads": 2}
        _json(root / f"data/costs/{name}.json", cost)
    baselines = read_baselines(root / "data/baselines")
    summary = summarise(read_scored(root / "data/scores", runs), baselines, runs[-1], level=0.95)
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
    trained = [TrainingResult(name, "first", 0, 1, 0.75, 0.5) for name in runs]
    write_csv(metrics / "trainings.csv", TrainingResult._fields, trained)
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
