"""Trainings in a separate process, as a stage runs them, which tests can kill."""

import itertools
import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch

from nerveseg.data.dataset import Batch
from nerveseg.errors import run
from nerveseg.params.train import TrainParams
from nerveseg.training import checkpoint
from nerveseg.training.checkpoint import Checkpoints
from nerveseg.training.engine import Engine
from nerveseg.training.job import TrainingFiles, train_network

# It has everything that could break resuming: dropout, several outputs and batch normalisation.
NETWORK, OPTIONS = "danet", {"width": 4, "encoder_weights": "none", "deep_supervision": True}


def train(folder: Path, params: TrainParams, fold: int = 0) -> None:
    """Train in `folder`, which holds the data."""
    train_network(
        NETWORK,
        OPTIONS,
        params,
        name=NETWORK,
        label=NETWORK,
        fold=fold,
        files=TrainingFiles(
            packed=folder / "data/packed",
            folds=folder / "data/folds.csv",
            code=folder / "data/folds.csv",
            weights=folder / "weights.safetensors",
            curves=folder / "curves.csv",
        ),
    )


def results(folder: Path) -> dict[str, bytes]:
    """Return the outputs of a training: weights and curves."""
    return {name: (folder / name).read_bytes() for name in ("weights.safetensors", "curves.csv")}


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoint folders under `folder`."""
    return list((folder / ".dvc/tmp/nerveseg/checkpoints").glob("*"))


def last_state(folder: Path) -> dict[str, Any]:
    """Return the state that a checkpoint folder holds."""
    state = Checkpoints(folder, 5).load(torch.device("cpu"))
    assert state is not None
    return state


def start(folder: Path, params: TrainParams, target: Callable[..., None] = train) -> BaseProcess:
    """Start a training in a process that can be killed; all modules are imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["runs"])
    process = context.Process(target=_alone, args=(target, folder, params))
    process.start()
    return process


def kill_writing(folder: Path, params: TrainParams) -> None:
    """Train in `folder` in another process, which is killed while it writes a checkpoint."""
    process = start(folder, params, train_and_die_writing)
    process.join(100)
    assert process.exitcode == -9


def finished(folder: Path, params: TrainParams) -> dict[str, bytes]:
    """Train in `folder` in another process to the end; return the outputs."""
    process = start(folder, params)
    process.join(100)
    assert process.exitcode == 0
    return results(folder)


def _alone(target: Callable[..., None], folder: Path, params: TrainParams) -> None:
    torch.set_num_threads(1)
    os.environ["DVC_ROOT"] = str(folder)
    os.environ["NERVESEG_CHECKPOINT_MINUTES"] = "1e-9"
    os.chdir(folder)
    target(folder, params)


def train_and_die_writing(folder: Path, params: TrainParams) -> None:
    """Train until half of the third checkpoint is on the disk, then end without cleaning up."""
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


def train_and_be_asked_to_end(folder: Path, params: TrainParams, number: int, workers: str) -> None:
    """Train until this process and its workers get a signal in the second step."""
    # Tests that run in the background of a shell begin with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # As in a stage: a process of the fork server would start its workers in another way.
    multiprocessing.set_start_method("fork", force=True)
    os.environ["NERVESEG_WORKERS"] = workers
    # Nothing but the signal may cause a checkpoint.
    os.environ["NERVESEG_CHECKPOINT_MINUTES"] = "1000"
    train_step, calls = Engine.train_step, itertools.count(1)

    def signalled(self: Engine, micro_batches: Sequence[Batch], rate: float) -> None:
        if next(calls) == 2:
            processes = [*multiprocessing.active_children(), multiprocessing.current_process()]
            # From another process: workers distinguish it from a signal of their own training.
            subprocess.run(["kill", f"-{number}", *(str(one.pid) for one in processes)], check=True)
            # Long enough for a worker to end, if it does, and for this process to notice.
            time.sleep(0.2)
        train_step(self, micro_batches, rate)

    Engine.train_step = signalled  # type: ignore[method-assign]
    run(lambda: train(folder, params))
