"""Frames per second of the whole stage predict, with its start-up, beside a plain loop."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from benchmarks.gpu.machine import attempt, new_network, new_report, write_report
from benchmarks.steps import batch_of
from ruamel.yaml import YAML

from nerveseg.data.packed import TEST_IMAGES, TEST_TABLE, TRAIN_IMAGES, TRAIN_MASKS, TRAIN_TABLE
from nerveseg.data.split_table import SplitRow, write_split
from nerveseg.models.weights import Description, save_weights

ROOT: Final = Path(__file__).resolve().parents[2]
VIEWS: Final = {1: "none", 8: "d4"}
"""`predict.tta` by its number of views."""
DIFFERENT: Final = 64
"""Frames that differ from one another; the rest repeat them."""


def measure_prediction(options: argparse.Namespace) -> None:
    """Write FOLDER/predict.json."""
    report = new_report("--predict", options, "size", "batch", "frames", "width")
    report["networks"] = {}
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        write_frames(Path(folder), options.frames, options.size)
        for name in options.alone:
            row: dict[str, Any] = {}
            report["networks"][name] = row
            write_weights(Path(folder), name, options)
            for views in VIEWS:
                speeds = partial(_speeds, Path(folder), views, options, row)
                attempt(row, f"views_{views}", speeds)
            print(name, json.dumps(row), flush=True)
            # After each network, so that a time limit loses only the remaining ones.
            write_report(options.folder / "predict.json", report)


def _speeds(folder: Path, views: int, options: argparse.Namespace, row: dict[str, Any]) -> None:
    """Add the speeds with so many views to `row`, in frames per second."""
    write_parameters(folder, views, options.batch)
    environment = {
        **os.environ,
        "NERVESEG_DEVICE": options.device,
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
    }

    def seconds_of(*command: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, *command], cwd=folder, env=environment, check=True)
        return time.perf_counter() - start

    ours = seconds_of(str(ROOT / "stages/predict.py"), "run")
    plain = seconds_of(
        "-m", "benchmarks.gpu.plain_prediction", str(views), str(options.batch), options.device
    )
    row[f"views_{views}_frames_per_second"] = options.frames / ours
    row[f"views_{views}_plain_frames_per_second"] = options.frames / plain
    row[f"views_{views}_times_plain"] = plain / ours


def write_frames(folder: Path, frames: int, size: int) -> None:
    """Write so many packed test frames, size x size, and one validation frame with its split."""
    packed = folder / "data/packed"
    packed.mkdir(parents=True)
    some = batch_of(min(frames, DIFFERENT), size).images.numpy()
    shape = (frames, size, size)
    images = np.lib.format.open_memmap(packed / TEST_IMAGES, "w+", np.uint8, shape)
    for start in range(0, frames, len(some)):
        images[start : start + len(some)] = some[: frames - start]
    images.flush()
    np.save(packed / TRAIN_IMAGES, some[:1])
    np.save(packed / TRAIN_MASKS, np.zeros_like(some[:1]))
    (packed / TRAIN_TABLE).write_text("subject,img,pixels\n1,1,\n")
    (packed / TEST_TABLE).write_text("img\n" + "".join(f"{each + 1}\n" for each in range(frames)))
    write_split(folder / "data/split.csv", [SplitRow(1, 1, 0, "valid")])


def write_weights(folder: Path, name: str, options: argparse.Namespace) -> None:
    """Write new weights of a run of the network `name`, which has seen all views."""
    built = {"width": options.width} if options.width else {}
    seen: dict[str, object] = {"flips": ["horizontal", "vertical", "diagonal"]}
    description = Description(name, built, 1, (options.size, options.size), seen)
    path = folder / "data/models/run/weights.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_weights(path, new_network(name, options), description)
    models = {"run": {"network": name, **built}}
    (folder / "models.json").write_text(json.dumps(models))


def write_parameters(folder: Path, views: int, batch: int) -> None:
    """Write the parameters of a prediction with so many views, in the device's fastest type."""
    predict = {
        "tta": VIEWS[views],
        "tta_weights": "mean",
        "batch": batch,
        "precision": "auto",
        "engine": "torch",
    }
    models = json.loads((folder / "models.json").read_text())
    params = YAML(typ="safe").load((ROOT / "params.yaml").read_text())
    params |= {"models": models, "predict": predict, "trainings": {}}
    # JSON is YAML.
    (folder / "params.yaml").write_text(json.dumps(params))
