"""The choice of algorithms is made for the whole process, and can be taken back."""

import os
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from nerveseg.device import choose_algorithms
from nerveseg.errors import InputError
from nerveseg.models.factory import build
from nerveseg.models.registry import OWN
from nerveseg.training.interruption import determinism_explained


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    choose_algorithms(deterministic=False)


def test_deterministic_algorithms_are_required_and_none_is_timed() -> None:
    choose_algorithms(deterministic=True)
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.backends.cudnn.benchmark
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    choose_algorithms(deterministic=False)
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.backends.cudnn.benchmark


def gradients(name: str) -> dict[str, torch.Tensor]:
    """Return the gradients of one backward pass through all outputs of a new network."""
    torch.manual_seed(1)
    network = build(name, 1, width=8)
    outputs = network(torch.randn(2, 1, 64, 64))
    heads = outputs if isinstance(outputs, tuple) else (outputs,)
    torch.autograd.backward([head.sum() for head in heads])
    return {key: each.grad for key, each in network.named_parameters() if each.grad is not None}


@pytest.mark.parametrize("name", OWN)
def test_every_network_has_the_same_gradients_twice_with_deterministic_algorithms(
    name: str,
) -> None:
    choose_algorithms(deterministic=True)
    first, second = gradients(name), gradients(name)
    assert any(each.any() for each in first.values())
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_an_operation_without_a_deterministic_algorithm_is_named() -> None:
    choose_algorithms(deterministic=True)
    # A stand-in: no operation of the networks is refused on a CPU.
    unpool = nn.MaxUnpool2d(2)
    values, places = torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 2, dtype=torch.int64)
    with (
        pytest.raises(InputError, match=r"train\.deterministic: \w*unpool\w* has no deterministic"),
        determinism_explained(),
    ):
        unpool(values, places)
