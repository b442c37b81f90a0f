"""A pipeline that is killed goes on where it was, and ends with the same bytes."""

import os
import signal
import time
from pathlib import Path

import pytest
from clone import Clone

WEIGHTS = "data/models/unet/weights.safetensors"


def wait_for_checkpoint(folder: Path, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if list(folder.glob(".dvc/tmp/nerveseg/checkpoints/*/last.pt")):
            return
        time.sleep(0.05)
    raise AssertionError("no checkpoint was written")


@pytest.mark.slow
def test_killed_repro_goes_on_and_ends_with_the_same_weights(tiny: Clone) -> None:
    tiny.set(train__epochs=12)
    assert "train@unet" in tiny.repro("train@unet")
    whole = (tiny.folder / WEIGHTS).read_bytes()

    process = tiny.start("repro", "--force", "--single-item", "train@unet")
    wait_for_checkpoint(tiny.folder)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert list(tiny.folder.glob(".dvc/tmp/nerveseg/checkpoints/*/last.pt"))
    assert not (tiny.folder / WEIGHTS).exists()

    output = tiny.dvc("repro", "--force", "--single-item", "train@unet")
    assert "unet 1/12" not in output
    assert "unet 12/12" in output
    assert (tiny.folder / WEIGHTS).read_bytes() == whole
    assert not list(tiny.folder.glob(".dvc/tmp/nerveseg/checkpoints/*"))
