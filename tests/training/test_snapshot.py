"""A snapshot is a copy: later changes of the state do not affect it."""

from typing import Any

import torch

from nerveseg.training.snapshot import Snapshot, unpacked


def state(value: float) -> dict[str, Any]:
    return {
        "network": {"weight": torch.full((3, 4), float(value)), "count": torch.tensor(int(value))},
        "step": [int(value), "text"],
    }


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    tensors = zip(one["network"].values(), other["network"].values(), strict=True)
    return all(torch.equal(*pair) for pair in tensors) and one["step"] == other["step"]


def test_a_snapshot_holds_the_values_of_its_moment() -> None:
    live = state(1)
    copy = Snapshot().take(live)
    live["network"]["weight"].fill_(7)
    live["step"][0] = 7
    assert same(unpacked(copy), state(1))


def test_a_later_snapshot_uses_the_memory_of_the_first() -> None:
    snapshot = Snapshot()
    first = {dtype: memory.data_ptr() for dtype, memory in snapshot.take(state(1))["flat"].items()}
    second = snapshot.take(state(2))
    assert {dtype: memory.data_ptr() for dtype, memory in second["flat"].items()} == first
    assert same(unpacked(second), state(2))


def test_numbers_and_text_may_grow_between_two_snapshots() -> None:
    snapshot = Snapshot()
    snapshot.take({"history": [1], **state(1)})
    later = {"history": [1, 2, {"loss": 3.0, "none": None}], **state(2)}
    copy = unpacked(snapshot.take(later))
    assert copy["history"] == later["history"]
    assert same(copy, state(2))


def test_what_is_unpacked_shares_no_memory() -> None:
    copy = Snapshot().take(state(1))
    one, other = unpacked(copy), unpacked(copy)
    one["network"]["weight"].fill_(7)
    assert same(other, state(1))


def test_a_snapshot_is_a_tensor_for_each_dtype_and_no_more() -> None:
    copy = Snapshot().take(state(1))
    assert {dtype: memory.numel() for dtype, memory in copy["flat"].items()} == {
        "torch.float32": 12,
        "torch.int64": 1,
    }
    assert copy["rest"] == {"network": {"weight": None, "count": None}, "step": [1, "text"]}


def test_the_layout_of_weights_is_kept() -> None:
    weight = torch.arange(48.0).reshape(2, 3, 2, 4).to(memory_format=torch.channels_last)
    copy = unpacked(Snapshot().take({"weight": weight}))["weight"]
    assert copy.stride() == weight.stride()
    assert torch.equal(copy, weight)
