"""Batch normalisation over several processes, here one: against torch's own on the real frames."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import distributed, nn

from nerveseg.models.build import build
from nerveseg.models.registry import NETWORKS
from nerveseg.training.normalisation import JointBatchNorm2d, joined


@pytest.fixture
def group(tmp_path: Path) -> Iterator[None]:
    store = distributed.FileStore(str(tmp_path / "store"), 1)
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def norms() -> tuple[nn.BatchNorm2d, JointBatchNorm2d]:
    plain = nn.BatchNorm2d(4)
    nn.init.uniform_(plain.weight, 0.5, 2.0)
    nn.init.normal_(plain.bias)
    return plain, JointBatchNorm2d(plain)


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("offset", [0.0, 1e3])
@pytest.mark.parametrize(("frames", "side"), [(3, 5), (2, 1), (1, 3)])
def test_frames_that_fill_a_gap_count_for_nothing(frames: int, side: int, offset: float) -> None:
    torch.manual_seed(frames)
    plain, joint = norms()
    images = offset + torch.randn(frames + 2, 4, side, side)
    first, second = (images.clone().requires_grad_() for _ in range(2))
    towards = torch.randn(frames, 4, side, side)
    for _ in range(3):
        expected = plain(first[:frames])
        joint.real = torch.tensor([1.0] * frames + [0.0] * 2)
        found = joint(second)[:frames]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(joint.state_dict(), plain.state_dict(), rtol=1e-4, atol=1e-5)
    (expected * towards).sum().backward()
    (found * towards).sum().backward()
    torch.testing.assert_close(second.grad, first.grad, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(joint.weight.grad, plain.weight.grad, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(joint.bias.grad, plain.bias.grad)


@pytest.mark.usefixtures("group")
def test_the_gradient_is_that_of_the_differences() -> None:
    _, joint = norms()
    joint = joint.double()
    joint.real = torch.tensor([1.0, 1.0, 0.0])
    images = torch.randn(3, 4, 2, 3, dtype=torch.float64, requires_grad=True)
    # A frame that fills a gap has no part in any loss.
    assert torch.autograd.gradcheck(lambda x: joint(x)[:2], images)


def test_in_evaluation_it_is_the_plain_one() -> None:
    plain, joint = norms()
    images = torch.randn(2, 4, 3, 3)
    torch.testing.assert_close(joint.eval()(images), plain.eval()(images), rtol=0, atol=0)


@pytest.mark.parametrize("name", NETWORKS)
def test_all_of_a_network_is_joined_and_nothing_else_changes(name: str) -> None:
    network = build(name, width=8)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    count = sum(isinstance(each, nn.BatchNorm2d) for each in network.modules())
    joined(network)
    assert sum(isinstance(each, JointBatchNorm2d) for each in network.modules()) == count > 0
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)
