"""Processor time from the start of the stage `train` to its first update, at the paper's size.

It imports, builds the network and loads the first batch. The frames are as many as the
competition's, and black; weights are new, because those of ImageNet may not be at hand.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from benchmarks.profile_params import write_params
from benchmarks.side_by_side import Result, within
from ruamel.yaml import YAML

from nerveseg.data.fold_table import FoldRow, write_folds
from nerveseg.data.packed import TEST_IMAGES, TEST_TABLE, TRAIN_IMAGES, TRAIN_MASKS, TRAIN_TABLE
from nerveseg.data.packed_writer import write_train_sums

ROOT: Final = Path(__file__).resolve().parents[1]
FRAMES: Final = 5635
PER_SUBJECT: Final = 120
RUNS: Final = ("rpa_apf", "unet")
LIMIT: Final = 5.0
"""Bar, in seconds."""
_WRAPPER: Final = """
import os, pathlib, runpy, sys
note, *sys.argv = sys.argv[1:]
from nerveseg.training.engine import Engine

def first_update(*_):
    pathlib.Path(note).write_text(str(sum(os.times()[:2])))
    os._exit(0)

Engine.train_step = first_update
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def measure() -> dict[str, Result]:
    """Return what two runs of the paper's profile take."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_project(folder, ROOT / "profiles/paper", FRAMES)
        return {
            f"start of a training, {run}: processor time": within(seconds(folder, run), LIMIT, "s")
            for run in RUNS
        }


def seconds(folder: Path, run: str) -> float:
    """Return the processor time of the stage until its first update.

    Args:
        folder: the project.
        run: name of the run.
    """
    note = folder / "note"
    # The host's part is measured, not the network's.
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NERVESEG_DEVICE": "cpu"}
    command = [sys.executable, "-c", _WRAPPER, str(note), str(ROOT / "stages/train.py"), run]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    return float(note.read_text())


def write_project(folder: Path, profile: Path, frames: int) -> None:
    """Write params.yaml with a profile, and so many packed frames in two folds.

    Args:
        folder: where the stage will run.
        profile: file of overrides of params.yaml.
        frames: training frames.
    """
    path = write_params(folder, profile)
    document = YAML().load(path)
    for options in document["models"].values():
        if "encoder_weights" in options:
            options["encoder_weights"] = "none"
    YAML().dump(document, path)
    shape = (frames, *document["pack"]["shape"])
    packed = folder / "data/packed"
    packed.mkdir(parents=True)
    for name in (TRAIN_IMAGES, TRAIN_MASKS):
        np.lib.format.open_memmap(packed / name, "w+", np.uint8, shape)  # takes no room on the disk
    np.save(packed / TEST_IMAGES, np.zeros((1, *shape[1:]), np.uint8))
    ids = [divmod(frame, PER_SUBJECT) for frame in range(frames)]
    rows = [f"{subject + 1},{img + 1},{'1 9' if img % 2 else ''}\n" for subject, img in ids]
    (packed / TRAIN_TABLE).write_text("subject,img,pixels\n" + "".join(rows))
    (packed / TEST_TABLE).write_text("img\n1\n")
    write_train_sums(packed)
    folds = [FoldRow(subject + 1, img + 1, img % 5, False) for subject, img in ids]
    write_folds(folder / "data/folds.csv", folds)
    for run in document["models"]:
        code = folder / f"data/.code/{run}/train.json"
        code.parent.mkdir(parents=True)
        code.write_text("{}")
