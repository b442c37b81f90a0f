"""The number of processes and of accumulation steps is no part of the result."""

import os
import subprocess
import sys
from pathlib import Path

import one_of_several
import pytest
import torch

from nerveseg.training.world import World

HERE = Path(__file__).parent


def alone(folder: Path, accumulation: int) -> dict[str, torch.Tensor]:
    folder.mkdir()
    return one_of_several.train(folder, accumulation, World(0, 1, torch.device("cpu")))


@pytest.mark.parametrize("accumulation", [2, 3])
def test_accumulation_reaches_the_weights_of_whole_batches(
    tmp_path: Path, accumulation: int
) -> None:
    whole, parts = alone(tmp_path / "whole", 1), alone(tmp_path / "parts", accumulation)
    torch.testing.assert_close(parts, whole, rtol=1e-4, atol=1e-6)


def test_two_processes_reach_the_weights_of_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    script = [str(HERE / "one_of_several.py"), str(tmp_path), "1"]
    environment = {**os.environ, "NERVESEG_DEVICE": "cpu", "OMP_NUM_THREADS": "1"}
    subprocess.run([*command, *script], env=environment, check=True, timeout=200)
    one = alone(tmp_path / "alone", 1)
    for rank in range(2):
        several = torch.load(tmp_path / f"weights-{rank}.pt", weights_only=True)
        torch.testing.assert_close(several, one, rtol=1e-4, atol=1e-6)
