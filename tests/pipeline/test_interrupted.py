"""A killed pipeline resumes where it stopped, and its outputs have the same bytes."""

import os
import random
import signal
import subprocess
import time

import pytest
from clone import Clone

WEIGHTS = "data/models/unet/weights.safetensors"
CHECKPOINTS = ".dvc/tmp/nerveseg/checkpoints"
COMMAND = ("repro", "--force", "--single-item", "train@unet")
# As in `make repro`, because DVC may have been killed while it wrote its own records.
RECOVER = "python -m nerveseg recover"
# Enough for training to take longer than Python's start, so that kills hit the training.
EPOCHS = 60


def checkpoint(clone: Clone) -> int:
    """Return when the checkpoint was written, in ns; 0 if there is none."""
    files = clone.folder.glob(f"{CHECKPOINTS}/*/last.pt")
    try:
        return max((file.stat().st_mtime_ns for file in files), default=0)
    except FileNotFoundError:
        return 0


def wait_for_checkpoint(clone: Clone, process: subprocess.Popen[str]) -> None:
    """Return as soon as a new checkpoint has been written, or the process has ended."""
    old = checkpoint(clone)
    while checkpoint(clone) in (0, old) and process.poll() is None:
        time.sleep(0.01)


def kill(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.slow
def test_killed_repro_goes_on_and_ends_with_the_same_weights(tiny: Clone) -> None:
    tiny.set(train__epochs=EPOCHS)
    assert "train@unet" in tiny.repro("train@unet")
    whole = (tiny.folder / WEIGHTS).read_bytes()

    process = tiny.start(*COMMAND)
    wait_for_checkpoint(tiny, process)
    kill(process)
    assert checkpoint(tiny)
    assert not (tiny.folder / WEIGHTS).exists()

    tiny.shell(RECOVER)
    output = tiny.dvc(*COMMAND)
    assert f"unet 1/{EPOCHS}" not in output
    assert f"unet {EPOCHS}/{EPOCHS}" in output
    assert (tiny.folder / WEIGHTS).read_bytes() == whole
    assert not any((tiny.folder / CHECKPOINTS).iterdir())


@pytest.mark.slow
def test_twenty_kills_of_repro_at_random_moments_change_no_bit(tiny: Clone) -> None:
    tiny.set(train__epochs=EPOCHS)
    tiny.repro("train@unet")
    begun = time.monotonic()
    tiny.dvc(*COMMAND)
    seconds = time.monotonic() - begun
    whole = (tiny.folder / WEIGHTS).read_bytes()

    moments, kills, gone_on = random.Random(20), 0, 0
    while kills < 20:
        tiny.shell(RECOVER)
        process = tiny.start(*COMMAND)
        # Every second kill hits the training itself, however long Python takes to start.
        if midst := kills % 2:
            wait_for_checkpoint(tiny, process)
        try:
            process.wait(moments.uniform(0, seconds / 10 if midst else seconds))
        except subprocess.TimeoutExpired:
            kill(process)
            kills += 1
            gone_on += checkpoint(tiny) > 0
        else:
            assert process.returncode == 0, tiny.log.read_text()
            assert (tiny.folder / WEIGHTS).read_bytes() == whole
    assert gone_on > 0
    tiny.shell(RECOVER)
    tiny.dvc(*COMMAND)
    assert (tiny.folder / WEIGHTS).read_bytes() == whole
