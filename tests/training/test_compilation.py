"""Where compiling fails, one line says so, and the training has the bits of one never compiled."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from benchmarks.steps import batch_of
from torch import Tensor, nn

from nerveseg.models.factory import build
from nerveseg.training.compilation import CACHE, keep_cache
from nerveseg.training.distributed import World
from nerveseg.training.engine import Engine

FRAMES, SIZE = 4, 32
Module = Callable[[Any], Any]


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Set first, so that it is restored whatever the code sets.
    monkeypatch.setenv(CACHE, str(tmp_path / "inductor"))


def trained(compiled: bool, accumulation: int = 1, half_size: int = 0) -> dict[str, Any]:
    """Return the state after updates of a network with dropout and batch normalisation."""
    torch.manual_seed(0)
    world = World(0, 1, torch.device("cpu"))
    network = build("danet", 1, width=4, encoder_weights="none")
    engine = Engine(
        network,
        1,
        dtype=torch.float32,
        weight_decay=1e-3,
        world=world,
        frames=FRAMES,
        half_size=half_size,
        compiled=compiled,
    )
    for epoch in range(2):
        engine.start_epoch(epoch)
        for step in range(2):
            micro_batches = [batch_of(FRAMES, SIZE, 10 * step + n) for n in range(accumulation)]
            engine.train_step(micro_batches, 1e-2)
    return {"loss": torch.tensor(engine.take_loss()), **engine.state()["network"]}


def fails_late(fails: Callable[[int], bool]) -> Callable[..., Module]:
    """Return a torch.compile whose modules run, and then raise if the side of the frames fails."""

    def compile_(module: nn.Module, **_: object) -> Module:
        def call(batch: Any) -> Tensor:  # noqa: ANN401
            loss: Tensor = module(batch)
            if fails(batch.images.shape[-1]):
                loss.backward()  # type: ignore[no-untyped-call]
                raise RuntimeError("no compiler\n  File 'somewhere', line 7")
            return loss

        return call

    return compile_


def no_compiler(*_: object, **__: object) -> Module:
    raise ModuleNotFoundError("no compiler")


@pytest.mark.parametrize(
    ("compiler", "error", "options"),
    [
        (fails_late(lambda _: True), "RuntimeError", {"accumulation": 2}),
        (fails_late(lambda side: side == SIZE), "RuntimeError", {"half_size": 1}),
        (no_compiler, "ModuleNotFoundError", {}),
    ],
    ids=["at the first micro-batch", "at the second size", "before any pass"],
)
def test_a_failing_compiler_costs_one_line_and_no_bit(
    compiler: Callable[..., Module],
    error: str,
    options: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    expected = trained(False, **options)
    monkeypatch.setattr(torch, "compile", compiler)
    with caplog.at_level(logging.WARNING):
        found = trained(True, **options)
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    (record,) = caplog.records
    assert record.getMessage() == (
        f"torch.compile failed ({error}: no compiler); the training goes on without it"
    )


def test_running_out_of_memory_is_not_a_failure_of_the_compiler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object, **__: object) -> Module:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(torch, "compile", full)
    with pytest.raises(torch.OutOfMemoryError):
        trained(True)


def test_an_error_after_a_size_has_worked_is_not_one_of_compiling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = iter([False, True])
    monkeypatch.setattr(torch, "compile", fails_late(lambda _: next(calls)))
    with pytest.raises(RuntimeError, match="no compiler"):
        trained(True)


def test_what_is_compiled_is_kept_in_the_user_s_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    keep_cache()
    assert os.environ[CACHE] == str(tmp_path / "inductor")
    monkeypatch.delenv(CACHE)
    keep_cache()
    assert os.environ[CACHE] == str(tmp_path / "cache/nerveseg/inductor")
    assert Path(os.environ[CACHE]).is_dir()


def test_without_a_cache_folder_the_compiler_uses_a_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CACHE)
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    keep_cache()
    assert CACHE not in os.environ
