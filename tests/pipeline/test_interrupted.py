"""A pipeline that is killed goes on where it was, and ends with the same bytes."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from clone import Clone

WEIGHTS = "data/models/unet/weights.safetensors"
# As `make repro` does: a kill may have hit DVC in the middle of writing its own records.
RECOVER = "python -m nerveseg.recover"


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

    tiny.shell(RECOVER)
    output = tiny.dvc("repro", "--force", "--single-item", "train@unet")
    assert "unet 1/12" not in output
    assert "unet 12/12" in output
    assert (tiny.folder / WEIGHTS).read_bytes() == whole
    assert not list(tiny.folder.glob(".dvc/tmp/nerveseg/checkpoints/*"))


@pytest.mark.slow
def test_twenty_kills_of_repro_at_random_moments_change_no_bit(tiny: Clone) -> None:
    tiny.set(train__epochs=12)
    command = ("repro", "--force", "--single-item", "train@unet")
    tiny.repro("train@unet")
    begun = time.monotonic()
    tiny.dvc(*command)
    seconds = time.monotonic() - begun
    whole = (tiny.folder / WEIGHTS).read_bytes()

    moments, kills, gone_on = random.Random(20), 0, 0
    while kills < 20:
        tiny.shell(RECOVER)
        process = tiny.start(*command)
        try:
            process.wait(moments.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
            gone_on += bool(list(tiny.folder.glob(".dvc/tmp/nerveseg/checkpoints/*/last.pt")))
        else:
            assert process.returncode == 0, tiny.log.read_text()
            assert (tiny.folder / WEIGHTS).read_bytes() == whole
    assert gone_on > 0
    tiny.shell(RECOVER)
    tiny.dvc(*command)
    assert (tiny.folder / WEIGHTS).read_bytes() == whole
