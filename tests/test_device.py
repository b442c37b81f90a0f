"""The environment names a device that this machine has, or the error is one line."""

import pytest

from nerveseg.device import pick_device
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
