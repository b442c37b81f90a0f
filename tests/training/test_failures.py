"""An error in the middle of a training gives a one-line message, and loses no finished work."""

import errno
from pathlib import Path

import pytest
import runs
import torch
from tiny_training import settings
from torch import Tensor

from nerveseg.errors import InputError
from nerveseg.training import job
from nerveseg.training.checkpoint import Checkpoints
from nerveseg.training.distributed import World
from nerveseg.training.interruption import memory_explained
from nerveseg.training.losses import Objective

ALONE = World(0, 1, torch.device("cpu"))


def test_a_full_disk_keeps_the_last_good_checkpoint(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, calls = torch.save, iter(range(100))

    def failing(state: object, path: str) -> None:
        if next(calls) < 2:
            save(state, path)
        else:
            Path(path).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", failing)
    with pytest.raises(
        InputError, match=r"last\.pt: could not write .*No space left.*free some disk space"
    ):
        runs.train(workspace, settings())
    (folder,) = runs.checkpoints(workspace)
    assert runs.last_state(folder)["train_state"]["step"] == 2
    assert not (folder / "last.pt.new").exists()
    assert not (workspace / "weights.safetensors").exists()


def test_a_loss_that_is_no_number_stops_at_once_and_names_the_rate(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses, calls = Objective.frame_losses, iter(range(100))

    def broken(objective: Objective, outputs: Tensor, masks: Tensor, **_: object) -> Tensor:
        right = losses(objective, outputs, masks)
        return right * (float("nan") if next(calls) >= 3 else 1.0)

    monkeypatch.setattr(Objective, "frame_losses", broken)
    with pytest.raises(InputError, match=r"the loss became nan in epoch 1: lower train\.learning_"):
        runs.train(workspace, settings())
    (folder,) = runs.checkpoints(workspace)
    state = runs.last_state(folder)
    assert all(value.isfinite().all() for value in state["engine"]["network"].values())


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        MemoryError(),
    ],
)
def test_out_of_memory_names_the_parameters_that_help(error: Exception) -> None:
    params = settings(batch=8, accumulation=2, precision="fp32")
    expected = (
        r"set train\.accumulation=4 \(now 2.* or train\.recompute=true .* or "
        r"train\.precision=bf16 or a smaller train\.batch \(now 8\); the last checkpoint is kept"
    )
    with pytest.raises(InputError, match=expected), memory_explained(params, ALONE):
        raise error


def test_an_error_that_follows_out_of_memory_is_explained() -> None:
    error = RuntimeError("operation failed during capture")  # from the end of a recording
    error.__context__ = torch.OutOfMemoryError("CUDA out of memory.")
    with (
        pytest.raises(InputError, match="out of memory at"),
        memory_explained(settings(), ALONE),
    ):
        raise error


def test_out_of_memory_names_no_parameter_that_is_set_already() -> None:
    params = settings(recompute=True, precision="bf16", batch=8, accumulation=4)
    with (
        pytest.raises(InputError, match=r"set a smaller train\.batch \(now 8\);"),
        memory_explained(params, ALONE),
    ):
        raise MemoryError


def test_micro_batches_of_two_frames_cannot_become_smaller() -> None:
    params = settings(batch=8, accumulation=2)
    with (
        pytest.raises(InputError, match=r"^(?!.*accumulation=).*out of memory"),
        memory_explained(params, ALONE._replace(size=2)),
    ):
        raise MemoryError


def test_other_errors_keep_their_traceback() -> None:
    with pytest.raises(RuntimeError, match="shapes differ"), memory_explained(settings(), ALONE):
        raise RuntimeError("shapes differ")


def test_a_damaged_checkpoint_is_named(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "folder_of", lambda _key: workspace / "kept")
    (workspace / "kept").mkdir()
    (workspace / "kept/last.pt").write_bytes(b"no zip")
    with pytest.raises(InputError, match=r"kept/last\.pt: damaged checkpoint .*remove it"):
        runs.train(workspace, settings())


def test_a_checkpoint_of_another_training_is_named(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "folder_of", lambda _key: workspace / "kept")
    kept = Checkpoints(workspace / "kept", 5)
    with kept.locked():
        kept.save({"other": torch.ones(3)})
        kept.finish()
    with pytest.raises(InputError, match=r"kept/last\.pt: the checkpoint of another .*remove it"):
        runs.train(workspace, settings())


def test_an_unknown_loss_is_refused_with_those_there_are(workspace: Path) -> None:
    params = settings(losses={"cross_entropy": 1, "unknown": 0.5})
    expected = (
        r"^params\.yaml: train\.losses\.unknown: no such loss; there are cross_entropy, squared"
    )
    with pytest.raises(InputError, match=expected):
        runs.train(workspace, params)
    assert runs.checkpoints(workspace) == []


def test_an_objective_without_any_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="every weight is 0"):
        settings(losses={"dice": 0, "cross_entropy": 0})


def test_folds_of_other_frames_are_refused(workspace: Path) -> None:
    folds = workspace / "data/folds.csv"
    folds.write_text("".join(folds.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match=r"folds\.csv: not the folds of the packed frames; run d"):
        runs.train(workspace, settings())


@pytest.mark.parametrize("text", ["often", "0", "-5", "nan"])
def test_an_impossible_time_between_checkpoints_is_named(
    text: str, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NERVESEG_CHECKPOINT_MINUTES", text)
    with pytest.raises(InputError, match=f"NERVESEG_CHECKPOINT_MINUTES: '{text}' is not a number"):
        runs.train(workspace, settings())
    assert runs.checkpoints(workspace) == []
