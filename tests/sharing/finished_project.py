"""A project as `dvc repro` leaves it, as far as sharing reads it."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from ruamel.yaml import YAML

import shared_run
from nerveseg.inference.decision_file import fixed_decision, write_decision
from nerveseg.inference.rule import Rule
from nerveseg.params.section import PARAMS_FILE

ROOT: Final = Path(__file__).parents[2]
RUN: Final = "narrow"
WEIGHTS: Final = f"data/models/{RUN}/weights.safetensors"
SCORES: Final = f"data/scores/{RUN}/scores.json"
DECISION: Final = f"data/decisions/{RUN}.json"
MEASURED: Final = {"dice": 0.8, "private": 0.7, "hd95": None, "verdict": "above the baselines"}


def write_project(folder: Path) -> None:
    """Write parameters, data, weights, scores and dvc.lock into `folder`."""
    yaml = YAML()
    params = yaml.load(ROOT / PARAMS_FILE)
    params["models"] = {RUN: {"network": "unet", "width": 4}}
    params["encode"] = {"threshold": 0.6, "min_blob": 11, "min_total": 22}
    yaml.dump(params, folder / PARAMS_FILE)
    (folder / "dvc.yaml").write_text("stages: {}\n")
    _write_data(folder)
    (folder / WEIGHTS).parent.mkdir(parents=True)
    shared_run.weights((folder / WEIGHTS).parent)
    (folder / "data/decisions").mkdir()
    fixed = Rule(name="fixed", threshold=0.6, min_blob=11, min_total=22)
    write_decision(folder / DECISION, fixed_decision(fixed))
    (folder / SCORES).parent.mkdir(parents=True)
    (folder / SCORES).write_text(json.dumps(MEASURED))
    (folder / "metrics").mkdir()
    summary = {RUN: {"dice": 0.8, "dice_low": 0.75, "dice_high": 0.85}}
    (folder / "metrics/scores.json").write_text(json.dumps(summary))
    write_lock(folder)


def _write_data(folder: Path) -> None:
    packed = folder / "data/packed"
    packed.mkdir(parents=True)
    for name in ("train_images", "train_masks"):
        np.save(packed / f"{name}.npy", np.zeros((5, 4, 6), np.uint8))
    with (packed / "train.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("subject", "img", "pixels"))
        table.writerows([(1, 1, ""), (1, 2, "1 9"), (2, 1, "1 9"), (3, 1, ""), (3, 2, "2 4")])
    rows = ["1,1,0,train", "1,2,0,train", "2,1,0,train", "3,1,1,valid", "3,2,1,valid"]
    (folder / "data/split.csv").write_text("\n".join(["subject,img,fold,part", *rows]) + "\n")


def write_lock(folder: Path) -> None:
    """Record the present files and parameters, as DVC does after each stage."""
    params = YAML(typ="safe").load(folder / PARAMS_FILE)
    stages: dict[str, Any] = {
        f"train@{RUN}": {
            "outs": [_entry(folder, WEIGHTS)],
            "params": {"params.yaml": {"train": params["train"]}},
        },
        f"decide@{RUN}": {
            "deps": [_entry(folder, WEIGHTS)],
            "outs": [_entry(folder, DECISION)],
            "params": {"params.yaml": {"decide": params["decide"]}},
        },
        f"score@{RUN}": {
            "deps": [_entry(folder, WEIGHTS), _entry(folder, DECISION)],
            "outs": [_entry(folder, SCORES)],
            "params": {"params.yaml": {"encode": params["encode"]}},
        },
    }
    YAML().dump({"schema": "2.0", "stages": stages}, folder / "dvc.lock")


def _entry(folder: Path, name: str) -> dict[str, str]:
    content = (folder / name).read_bytes()
    return {"path": name, "md5": hashlib.md5(content, usedforsecurity=False).hexdigest()}
