"""Several small trainings at once on one device, beside one of them alone."""

import argparse
import json
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from benchmarks.gpu.machine import attempt, new_report, write_report
from benchmarks.roofline import wait
from benchmarks.steps import RATE, batch_of, engine_of
from ruamel.yaml import YAML

from nerveseg.models.factory import build

PARAMS: Final = Path(__file__).resolve().parents[2] / "params.yaml"
UPDATES: Final = 50
"""Updates of each process, times `--steps`."""


class Training(NamedTuple):
    """One small training.

    Attributes:
        network: name of its network.
        built: options of the network's class.
        shape: (height, width) of the frames.
        batch: frames per update.
        updates: updates that are measured.
        device: cuda or cpu.
    """

    network: str
    built: dict[str, Any]
    shape: tuple[int, int]
    batch: int
    updates: int
    device: str


def measure_together(options: argparse.Namespace) -> None:
    """Write FOLDER/together.json."""
    report = new_report(f"--together {options.together}", options, "batch", "steps", "together")
    defaults = YAML(typ="safe").load(PARAMS)
    side = options.size
    shape = (side, side) if side else tuple(defaults["pack"]["shape"])
    report["settings"]["shape"], report["networks"] = shape, {}
    for name in options.alone:
        built = defaults["models"][name] | ({"width": options.width} if options.width else {})
        updates = UPDATES * options.steps
        training = Training(name, built, shape, options.batch, updates, options.device)
        row: dict[str, Any] = {"built": built}
        report["networks"][name] = row
        attempt(row, "together", partial(_compare, training, options.together, row))
        print(name, json.dumps(row), flush=True)
        # After each network, so that a time limit loses only the remaining ones.
        write_report(options.folder / "together.json", report)


def _compare(training: Training, number: int, row: dict[str, Any]) -> None:
    alone, together = speed(training, 1), speed(training, number)
    row["alone_frames_per_second"], row["together_frames_per_second"] = alone, together
    row["times_alone"] = together / alone


def speed(training: Training, number: int) -> float:
    """Return the frames per second of `number` processes together, once all of them are warm."""
    command = [sys.executable, "-m", "benchmarks.gpu.together", json.dumps(training)]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(number)
    ]
    try:
        if not all(_line(child) for child in children):
            raise RuntimeError("a training ended early")
        begun = time.perf_counter()
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        if not all(_line(child) for child in children):
            raise RuntimeError("a training ended early")
        seconds = time.perf_counter() - begun
    finally:
        for child in children:
            child.kill()
            child.communicate()
    return number * training.updates * training.batch / seconds


def _line(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None
    return child.stdout.readline()


def train(training: Training) -> None:
    """Say in a line when the training is warm; after a line, train, and say when that is done."""
    device = torch.device(training.device)
    torch.manual_seed(0)
    network = build(training.network, 1, **training.built)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    engine = engine_of(network, device, dtype, training.batch, compiled=False)
    batch = batch_of(training.batch, (training.shape[0], training.shape[1]))
    for _ in range(3):
        engine.train_step([batch], RATE)
    wait(device)
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(training.updates):
        engine.train_step([batch], RATE)
    wait(device)
    print("done", flush=True)


if __name__ == "__main__":
    train(Training(*json.loads(sys.argv[1])))
