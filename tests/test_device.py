"""The environment names a device that this machine has, or the error is one line."""

import pytest
import torch

from nerveseg.device import pick_device, working_dtype
from nerveseg.errors import InputError


@pytest.mark.parametrize(
    "name", ["meta", "hpu", "cuda:99", "vulkan", "privateuseone", "cpu:x", "🖥"]
)
def test_a_device_that_is_not_there_is_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NERVESEG_DEVICE", name)
    with pytest.raises(InputError, match=r"NERVESEG_DEVICE: .* leave it unset or use cpu"):
        pick_device()


def test_the_cpu_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NERVESEG_DEVICE", "cpu")
    assert pick_device().type == "cpu"


@pytest.mark.parametrize(
    ("name", "index", "expected"), [("cuda", None, None), ("cuda:1", None, 1), ("cuda:1", 2, 2)]
)
def test_streams_and_random_numbers_are_on_the_gpu_that_is_named(
    name: str, index: int | None, expected: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    current: list[torch.device] = []
    monkeypatch.setenv("NERVESEG_DEVICE", name)
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    monkeypatch.setattr(torch, "empty", lambda *_, device: None)
    device = pick_device(index)
    assert device.index == expected
    assert current == ([] if expected is None else [device])


@pytest.mark.parametrize("native", [True, False])
def test_a_gpu_that_emulates_bfloat16_computes_in_float16(
    native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def supported(including_emulation: bool = True) -> bool:
        return native or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    expected = torch.bfloat16 if native else torch.float16
    assert working_dtype("auto", torch.device("cuda")) == expected
