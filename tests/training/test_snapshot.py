"""A snapshot is a copy: what happens to the state afterwards does not reach it."""

from typing import Any

import torch

from nerveseg.training.snapshot import Snapshot


def state(value: float) -> dict[str, Any]:
    return {
        "network": {"weight": torch.full((3, 4), value), "count": torch.tensor(int(value))},
        "step": [int(value), "text"],
    }


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    tensors = zip(one["network"].values(), other["network"].values(), strict=True)
    return all(torch.equal(*pair) for pair in tensors) and one["step"] == other["step"]


def test_a_snapshot_holds_the_values_of_its_moment() -> None:
    live = state(1)
    copy = Snapshot().take(live)
    live["network"]["weight"].fill_(7)
    assert same(copy, state(1))


def test_a_later_snapshot_uses_the_memory_of_the_first() -> None:
    snapshot = Snapshot()
    first = snapshot.take(state(1))["network"]["weight"].data_ptr()
    second = snapshot.take(state(2))
    assert second["network"]["weight"].data_ptr() == first
    assert same(second, state(2))


def test_the_layout_of_weights_is_kept() -> None:
    weight = torch.arange(48.0).reshape(2, 3, 2, 4).to(memory_format=torch.channels_last)
    copy = Snapshot().take({"weight": weight})["weight"]
    assert copy.stride() == weight.stride()
    assert torch.equal(copy, weight)
