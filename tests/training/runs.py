"""A training in a process of its own, as a stage runs it, to be killed or counted."""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch

from nerveseg.params.train import TrainParams
from nerveseg.training import checkpoint
from nerveseg.training.checkpoint import Checkpoints
from nerveseg.training.job import train_network

# Has dropout, several outputs and batch normalisation: all that could go wrong.
NETWORK, OPTIONS = "danet", {"width": 4, "encoder_weights": "none", "deep_supervision": True}


def train(folder: Path, params: TrainParams) -> None:
    """Train in `folder`, which holds the data."""
    train_network(
        NETWORK,
        OPTIONS,
        params,
        packed=folder / "data/packed",
        split=folder / "data/split.csv",
        weights=folder / "weights.safetensors",
        curves=folder / "curves",
    )


def results(folder: Path) -> dict[str, bytes]:
    """Return what a training left: weights and curves."""
    curves = sorted((folder / "curves").rglob("*.tsv"))
    return {path.name: path.read_bytes() for path in [folder / "weights.safetensors", *curves]}


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoint folders under `folder`."""
    return list((folder / ".dvc/tmp/nerveseg/checkpoints").glob("*"))


def last_state(folder: Path) -> dict[str, Any]:
    """Return the state that a checkpoint folder holds."""
    state = Checkpoints(folder, 5).load(torch.device("cpu"))
    assert state is not None
    return state


def start(folder: Path, params: TrainParams, target: Callable[..., None] = train) -> BaseProcess:
    """Start a training in a process that can be killed; it starts fast, all being imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["runs"])
    process = context.Process(target=_alone, args=(target, folder, params))
    process.start()
    return process


def _alone(target: Callable[..., None], folder: Path, params: TrainParams) -> None:
    torch.set_num_threads(1)
    os.environ["DVC_ROOT"] = str(folder)
    os.environ["NERVESEG_CHECKPOINT_MINUTES"] = "1e-9"
    os.chdir(folder)
    target(folder, params)


def train_and_die_writing(folder: Path, params: TrainParams) -> None:
    """Train until the third checkpoint is half on the disk, then vanish."""
    written = 0
    save = torch.save

    def dying(state: object, path: str) -> None:
        nonlocal written
        written += 1
        save(state, path)
        if written == 3:
            os.truncate(path, Path(path).stat().st_size // 2)
            os.kill(os.getpid(), 9)

    checkpoint.torch.save = dying  # type: ignore[attr-defined]
    train(folder, params)
