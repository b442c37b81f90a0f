"""What the stages of a profile that need no GPU cost: processor time, measured on a smaller scale.

Every stage is that of the pipeline, in a process of its own, with the profile's parameters, on a
synthetic competition with few and with many frames. The time of the real number of frames lies on
the line through both. Each run has invented maps near the truth; its network is never trained.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from benchmarks.profile_params import write_params
from benchmarks.size import run_stage
from benchmarks.size_data import write_project, write_realistic_maps
from ruamel.yaml import YAML

from nerveseg.inference.predict import to_map
from nerveseg.maps import MapWriter
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams
from nerveseg.params.trainings import FIRST, TrainingsParams, curves_of, weights_of

COUNTS: Final = (2400, 3600)
"""Frames, half of them training frames: 10 and 15 subjects of 120, as many as a real one has."""
BEFORE: Final = ("pack", "audit", "split", "baselines")
OF_A_RUN: Final = ("decide", "encode", "score")
AFTER: Final = ("summary", "report")
STAGES: Final = (*BEFORE, *OF_A_RUN, *AFTER)
DRAWN: Final = "unet"
"""The run for which `write_project` makes files."""
MAPS: Final = 64


def measure(profile: Path, counts: tuple[int, int] = COUNTS) -> dict[str, object]:
    """Return the processor seconds of every stage for both numbers of frames, and of a map.

    Args:
        profile: file of overrides of params.yaml.
        counts: numbers of training and test frames together.
    """
    seconds = {str(count): dict(_seconds(profile, count)) for count in counts}
    return {"seconds": seconds, "seconds_of_a_map": seconds_of_a_map()}


def on_the_line(seconds: Mapping[str, Mapping[str, float]], stage: str, frames: int) -> float:
    """Return the time of a stage on so many frames: on the line through those that are measured.

    Args:
        seconds: number of frames -> stage -> seconds, for two numbers.
        stage: name of the stage.
        frames: training and test frames.
    """
    (few, first), (many, second) = ((int(count), of[stage]) for count, of in seconds.items())
    return first + (second - first) * (frames - few) / (many - few)


def seconds_of_a_map(side: int = 512) -> float:
    """Return the processor seconds in which logits become a stored map, without the network."""
    codes = np.random.default_rng(0).normal(-3, 4, (side, side)).astype(np.float32)
    logit = np.asarray(cv2.GaussianBlur(codes, (0, 0), 4) * 8 - 8, dtype=np.float32)
    with tempfile.TemporaryDirectory() as folder, MapWriter(Path(folder) / "maps", MAPS) as writer:
        begun = time.process_time()
        for _ in range(MAPS):
            writer.write(to_map(logit))
        return (time.process_time() - begun) / MAPS


def _seconds(profile: Path, frames: int) -> Iterator[tuple[str, float]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs = _write(profile, folder, frames)
        for stage in STAGES:
            if stage == OF_A_RUN[0]:
                _write_maps(folder, runs)
            calls = [(run,) for run in runs] if stage in OF_A_RUN else [()]
            busy = sum(run_stage(stage, folder, *arguments)[1] for arguments in calls)
            print(f"{stage:10}{frames:8,} frames{busy:10.1f} s", flush=True)
            yield stage, busy


def _write(profile: Path, folder: Path, frames: int) -> list[str]:
    """Write a project with the profile's parameters; return its runs, which share one network."""
    write_project(folder, frames, 64)
    small = YAML(typ="safe").load(folder / "params.yaml")["models"][DRAWN]
    path = write_params(folder, profile)
    document = YAML().load(path)
    document["models"] = {run: {"network": DRAWN, **small} for run in document["models"]}
    YAML().dump(document, path)
    runs = list(read("models", ModelsParams, path).runs())
    trainings = [FIRST, *read("trainings", TrainingsParams, path).names()]
    for run in runs:
        for training in trainings:
            for of in (weights_of, curves_of):
                _copy(folder / of(DRAWN), folder / of(run, training))
    return runs


def _write_maps(folder: Path, runs: list[str]) -> None:
    write_realistic_maps(folder)
    for run in runs:
        for name in ("valid.b2nd", "test.b2nd"):
            maps = folder / "data/predictions"
            _copy(maps / DRAWN / name, maps / run / name)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target != source:
        target.hardlink_to(source)
