"""The result does not depend on the number of processes or of micro-batches."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import one_of_several
import pytest
import torch
from one_is_signalled import FRAMES
from one_of_several import RECOMPUTED, SMALL

from nerveseg.models.registry import NETWORKS
from nerveseg.training.checkpoint import Checkpoints
from nerveseg.training.distributed import World
from nerveseg.training.losses import PAPER, Objective

HERE = Path(__file__).parent
# Two batches of 8 and a last one: of 1, so that one process has only padding, or of 3, so that
# one process has a padding frame.
ONE_LEFT, THREE_LEFT = 17, 19


def alone(
    name: str,
    folder: Path,
    frames: int,
    accumulation: int = 1,
    objective: Objective | None = None,
) -> dict[str, torch.Tensor]:
    folder.mkdir(exist_ok=True)
    world = World(0, 1, torch.device("cpu"))
    return one_of_several.train(
        name, folder, world, frames=frames, accumulation=accumulation, objective=objective
    )


def two_processes(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    return subprocess.run(
        [*command, str(HERE / script), *map(str, arguments)],
        env={**os.environ, "NERVESEG_DEVICE": "cpu", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )


@pytest.mark.parametrize("accumulation", [2, 3])
def test_accumulation_reaches_the_weights_of_whole_batches(
    tmp_path: Path, accumulation: int
) -> None:
    # Dice over a batch would be over a micro-batch.
    by_frame = PAPER.by_frame()
    whole = alone(SMALL, tmp_path / "whole", ONE_LEFT, objective=by_frame)
    parts = alone(SMALL, tmp_path / "parts", ONE_LEFT, accumulation, by_frame)
    torch.testing.assert_close(parts, whole, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("names", "frames", "rtol", "atol"),
    [
        ([SMALL], ONE_LEFT, 1e-4, 1e-6),
        # Half of one of nine steps, for biases whose gradients consist of rounding errors only.
        ([f"rpa_apf{RECOMPUTED}"], THREE_LEFT, 1e-4, 5e-4),
        pytest.param(["rpa_apf"], THREE_LEFT, 1e-4, 5e-4, marks=pytest.mark.slow),
        pytest.param([*NETWORKS], THREE_LEFT, 1e-4, 5e-4, marks=pytest.mark.slow),
    ],
)
def test_two_processes_reach_the_weights_of_one(
    tmp_path: Path, names: list[str], frames: int, rtol: float, atol: float
) -> None:
    for name in names:
        (tmp_path / name).mkdir()
    assert two_processes("one_of_several.py", tmp_path, frames, *names).returncode == 0
    for name in names:
        one = alone(name.removesuffix(RECOMPUTED), tmp_path / f"{name}-alone", frames)
        for rank in range(2):
            several = torch.load(tmp_path / f"{name}-{rank}.pt", weights_only=True)
            torch.testing.assert_close(several, one, rtol=rtol, atol=atol)


@pytest.mark.slow
def test_a_signal_to_one_saves_the_step_of_all_and_any_number_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / SMALL
    folder.mkdir()
    ended = two_processes("one_is_signalled.py", folder)
    assert ended.returncode != 0
    line = "interrupted: small is saved at epoch 1, step 4; run again to go on"
    assert ended.stderr.count(line) == 1
    state = Checkpoints(folder, 5).load(torch.device("cpu"))
    assert state is not None
    assert (state["train_state"]["epoch"], state["train_state"]["step"]) == (0, 4)

    one = alone(SMALL, tmp_path / "alone", FRAMES)
    from_two = alone(SMALL, Path(shutil.copytree(folder, tmp_path / "copy")), FRAMES)
    torch.testing.assert_close(from_two, one, rtol=1e-4, atol=1e-6)
    assert two_processes("one_of_several.py", tmp_path, FRAMES, SMALL).returncode == 0
    several = torch.load(tmp_path / f"{SMALL}-0.pt", weights_only=True)
    torch.testing.assert_close(several, one, rtol=1e-4, atol=1e-6)
