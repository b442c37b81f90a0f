"""A CUDA graph changes nothing but the speed: torch.cuda is emulated, as no GPU is at hand."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from types import SimpleNamespace
from typing import cast

import pytest
import torch
from benchmarks.steps import batch_of
from torch import Tensor, nn

from nerveseg.data.dataset import Batch
from nerveseg.data.input_normalisation import to_input
from nerveseg.training.cuda_graph import GraphedForwardBackward
from nerveseg.training.restore_point import restore_point

FRAMES, SIZE = 4, 8


def passes_of(network: nn.Module) -> Callable[[Batch], Tensor]:
    def compute(batch: Batch) -> Tensor:
        loss: Tensor = network(to_input(batch.images, 1)).square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    return compute


def drawn() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Dropout(), nn.Conv2d(3, 1, 1))


def emulate(monkeypatch: pytest.MonkeyPatch, network: nn.Module) -> None:
    """Let a capture leave everything as it is."""

    @contextmanager
    def capture(_graph: object, **_: object) -> Iterator[None]:
        restore = restore_point(network, torch.default_generator)
        yield
        restore()

    stream = SimpleNamespace(wait_stream=lambda _: None)
    monkeypatch.setattr(torch.cuda, "Stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda _: nullcontext())
    monkeypatch.setattr(torch.cuda, "CUDAGraph", SimpleNamespace)
    monkeypatch.setattr(torch.cuda, "graph", capture)


class Emulated(GraphedForwardBackward):
    """Replays by computing."""

    def _capture(self, batch: Batch) -> None:
        super()._capture(batch)
        replay = partial(self._compute, self._batch)
        self._graph = cast("torch.cuda.CUDAGraph", SimpleNamespace(replay=replay))


@pytest.mark.parametrize("sizes", [(4,), (3, 4), (4, 3, 4), (3, 3, 4, 4)])
def test_gradients_statistics_and_dropout_are_those_of_plain_passes(
    monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, ...]
) -> None:
    plain = drawn()
    graphed = copy.deepcopy(plain)
    emulate(monkeypatch, graphed)
    results = []
    for network in (plain, graphed):
        compute = passes_of(network)
        run = Emulated(compute, network, FRAMES, torch.default_generator)
        torch.manual_seed(1)
        for seed, frames in enumerate(sizes):
            (run if network is graphed else compute)(batch_of(frames, SIZE, seed))
        results.append(torch.get_rng_state())
    for one, other in zip(plain.parameters(), graphed.parameters(), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        assert torch.equal(one.grad, other.grad)
    for before, after in zip(plain.buffers(), graphed.buffers(), strict=True):
        assert torch.equal(before, after)
    assert torch.equal(*results)


def test_a_gradient_that_a_graph_adds_to_is_there_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = drawn()
    emulate(monkeypatch, network)
    before: list[bool] = []
    passes = passes_of(network)

    def compute(batch: Batch) -> Tensor:
        before.append(all(weight.grad is not None for weight in network.parameters()))
        return passes(batch)

    Emulated(compute, network, FRAMES, torch.default_generator)(batch_of(FRAMES, SIZE))
    assert before[-2:] == [True, True]  # captured and replayed
