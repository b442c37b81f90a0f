"""Latency is measured in turn with a fixed workload, so that a busy machine cancels out."""

import pytest
import torch
from torch import Tensor, nn

from nerveseg.models import latency
from nerveseg.models.latency import measure_latency

IMAGE = torch.zeros(1, 1, 4, 4)


def slowed(monkeypatch: pytest.MonkeyPatch, speeds: list[float]) -> None:
    """Let the fixed workload take 1 s and the network 3 s, times a factor for each turn."""
    # A warm-up pass of each, then three passes a turn.
    factors = iter([1.0, 1.0, *(speed for speed in speeds for _ in range(3))])

    def seconds(compute: nn.Module, image: Tensor) -> float:
        return next(factors) * (1 if isinstance(compute, nn.Conv2d) else 3)

    monkeypatch.setattr(latency, "_seconds", seconds)


def test_a_machine_that_slows_down_changes_milliseconds_but_not_the_ratio(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slowed(monkeypatch, [1, 1, 2, 5, 1])
    found = measure_latency(nn.Identity(), IMAGE, seconds=0, least=5)
    assert found.latency_relative == found.latency_relative_low == 3
    assert found.latency_relative_high == 3
    assert (found.latency_low_ms, found.latency_ms, found.latency_high_ms) == (3000, 3000, 6000)
    assert found.latency_repeats == 5


def test_the_number_of_passes_is_bounded() -> None:
    assert measure_latency(nn.Identity(), IMAGE, seconds=0, least=3).latency_repeats == 3
    assert measure_latency(nn.Identity(), IMAGE, seconds=60, most=7).latency_repeats == 7
