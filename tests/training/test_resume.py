"""Whatever interrupts a training, its result is bit-identical."""

import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import runs
from tiny_training import settings, write_data

from nerveseg.errors import InputError
from nerveseg.params.train import TrainParams
from nerveseg.training.interruption import Interruption

PARAMS = settings(epochs=2)
MOVING_AVERAGE = settings(
    epochs=3,
    optimizer="adamw",
    schedule="cosine",
    warmup=1,
    ema=0.8,
    soft_outline=2,
    balance=[0.9, 0.3],
    losses={"cross_entropy": 1.0, "focal": 1.0, "lovasz": 1.0, "tversky": 1.0, "presence": 1.0},
)
AVERAGE_OF_EPOCHS = settings(
    epochs=3, average_last=2, half_size=1, validate_every=2, presence_head=0.5, recompute=True
)
OPTIONS = pytest.mark.parametrize(
    "options", [MOVING_AVERAGE, AVERAGE_OF_EPOCHS], ids=["moving average", "average of epochs"]
)
"""Every option of the training that the default leaves off; there is one average at a time."""


@pytest.fixture
def uninterrupted(workspace: Path) -> dict[str, bytes]:
    """Return the outputs of an uninterrupted training."""
    return trained_at_once(workspace, PARAMS)


def trained_at_once(workspace: Path, params: TrainParams) -> dict[str, bytes]:
    clone = workspace / "uninterrupted"
    write_data(clone)
    finish(clone, params)
    return runs.results(clone)


def finish(folder: Path, params: TrainParams = PARAMS) -> None:
    process = runs.start(folder, params)
    process.join(100)
    assert process.exitcode == 0


def kill_at_random(
    folder: Path, kills: int, expected: dict[str, bytes], params: TrainParams = PARAMS
) -> None:
    """Kill a training `kills` times at random moments, then finish it, comparing every result."""
    moments = random.Random(kills)
    while kills:
        process = runs.start(folder, params)
        process.join(moments.uniform(0.05, 1.2))
        process.kill()
        process.join()
        if process.exitcode == 0:
            assert runs.results(folder) == expected
        else:
            assert process.exitcode == -9
            kills -= 1
    finish(folder, params)


def test_kills_at_random_moments_change_no_bit(
    workspace: Path, uninterrupted: dict[str, bytes]
) -> None:
    kill_at_random(workspace, 3, uninterrupted)
    assert runs.results(workspace) == uninterrupted


@OPTIONS
def test_kills_change_no_bit_with_the_options_that_are_off_by_default(
    workspace: Path, options: TrainParams
) -> None:
    expected = trained_at_once(workspace, options)
    kill_at_random(workspace, 3, expected, options)
    assert runs.results(workspace) == expected


@pytest.mark.slow
@OPTIONS
def test_a_kill_in_the_middle_of_an_epoch_changes_no_bit_with_these_options(
    workspace: Path, options: TrainParams
) -> None:
    expected = trained_at_once(workspace, options)
    process = runs.start(workspace, options, runs.train_and_die_writing)
    process.join(100)
    assert process.exitcode == -9
    (folder,) = runs.checkpoints(workspace)
    assert runs.last_state(folder)["train_state"]["step"] == 2
    finish(workspace, options)
    assert runs.results(workspace) == expected


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_the_step_at_hand_and_the_rest_changes_no_bit(
    workspace: Path, uninterrupted: dict[str, bytes], number: signal.Signals, workers: str
) -> None:
    target = partial(runs.train_and_be_asked_to_end, number=number, workers=workers)
    process = runs.start(workspace, PARAMS, target)
    process.join(100)
    assert process.exitcode == 130
    (folder,) = runs.checkpoints(workspace)
    assert runs.last_state(folder)["train_state"]["step"] == 2
    finish(workspace)
    assert runs.results(workspace) == uninterrupted


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Restore the handling of Ctrl-C after the test."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_a_second_signal_acts_at_once() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Interruption(patient=False) as interruption:
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("ctrl_c")
def test_one_of_several_processes_goes_on_to_save() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Interruption(patient=True) as interruption:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.asked
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("ctrl_c")
def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Interruption(patient=False) as interruption:
        os.kill(os.getpid(), signal.SIGINT)
    assert not interruption.asked


@pytest.mark.slow
def test_twenty_kills_at_random_moments_change_no_bit(
    workspace: Path, uninterrupted: dict[str, bytes]
) -> None:
    kill_at_random(workspace, 20, uninterrupted)
    assert runs.results(workspace) == uninterrupted


def test_a_kill_while_a_checkpoint_is_written_leaves_the_last_good_one(
    workspace: Path, uninterrupted: dict[str, bytes]
) -> None:
    process = runs.start(workspace, PARAMS, runs.train_and_die_writing)
    process.join(100)
    assert process.exitcode == -9
    (folder,) = runs.checkpoints(workspace)
    assert {path.name for path in folder.iterdir()} == {"lock", "last.pt", "last.pt.new"}
    state = runs.last_state(folder)
    assert (state["train_state"]["epoch"], state["train_state"]["step"]) == (0, 2)
    finish(workspace)
    assert runs.results(workspace) == uninterrupted


def test_masks_that_changed_after_packing_are_refused(workspace: Path) -> None:
    process = runs.start(workspace, PARAMS, runs.train_and_die_writing)
    process.join(100)
    path = workspace / "data/packed/train_masks.npy"
    before = path.read_bytes()
    path.write_bytes(before[:-1] + b"\1")
    with pytest.raises(
        InputError, match=r"train\.sha256: .* have changed .* run dvc repro -f pack"
    ):
        runs.train(workspace, PARAMS)
    path.write_bytes(before)
    assert len(runs.checkpoints(workspace)) == 1
    runs.train(workspace, PARAMS)


def test_nothing_is_left_behind_after_success(workspace: Path) -> None:
    runs.train(workspace, PARAMS)
    assert runs.checkpoints(workspace) == []


def test_other_parameters_do_not_go_on_from_a_checkpoint(workspace: Path) -> None:
    process = runs.start(workspace, PARAMS, runs.train_and_die_writing)
    process.join(100)
    runs.train(workspace, settings(epochs=1))
    assert len(runs.checkpoints(workspace)) == 1
    clone = workspace / "clone"
    write_data(clone)
    shutil.rmtree(workspace / ".dvc")
    runs.train(clone, settings(epochs=1))
    assert runs.results(workspace) == runs.results(clone)


def test_a_second_run_is_refused_while_one_is_at_work(workspace: Path) -> None:
    process = runs.start(workspace, settings(epochs=60))
    while not any(path.stat().st_size for path in workspace.glob(".dvc/tmp/nerveseg/*/*/lock")):
        time.sleep(0.05)
    try:
        with pytest.raises(
            InputError, match=f"process {process.pid} is already doing this training"
        ):
            runs.train(workspace, settings(epochs=60))
    finally:
        process.kill()
        process.join()
