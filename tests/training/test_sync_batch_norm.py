"""Synchronised batch normalisation, in one process, against torch's own on the real frames."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from timm.layers.norm_act import BatchNormAct2d
from torch import distributed, nn

from nerveseg.models.factory import build
from nerveseg.models.registry import OWN
from nerveseg.training.sync_batch_norm import (
    FrameMask,
    MaskedSyncBatchNorm2d,
    left_uncompiled,
    synchronised,
)


@pytest.fixture
def group(tmp_path: Path) -> Iterator[None]:
    store = distributed.FileStore(str(tmp_path / "store"), 1)  # type: ignore[attr-defined]
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def norms(*real: float) -> tuple[nn.BatchNorm2d, MaskedSyncBatchNorm2d]:
    plain = nn.BatchNorm2d(4)
    nn.init.uniform_(plain.weight, 0.5, 2.0)
    nn.init.normal_(plain.bias)
    return plain, MaskedSyncBatchNorm2d(plain, FrameMask(torch.tensor(real)))


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("offset", [0.0, 1e3])
@pytest.mark.parametrize(("frames", "side"), [(3, 5), (2, 1), (1, 3)])
def test_padding_frames_do_not_count(frames: int, side: int, offset: float) -> None:
    torch.manual_seed(frames)
    plain, synced = norms(*[1.0] * frames, 0.0, 0.0)
    images = offset + torch.randn(frames + 2, 4, side, side)
    first, second = (images.clone().requires_grad_() for _ in range(2))
    towards = torch.randn(frames, 4, side, side)
    for _ in range(3):
        expected = plain(first[:frames])
        found = synced(second)[:frames]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(synced.state_dict(), plain.state_dict(), rtol=1e-4, atol=1e-5)
    (expected * towards).sum().backward()
    (found * towards).sum().backward()
    torch.testing.assert_close(second.grad, first.grad, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(synced.weight.grad, plain.weight.grad, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(synced.bias.grad, plain.bias.grad)


@pytest.mark.usefixtures("group")
def test_the_gradient_is_that_of_the_differences() -> None:
    _, synced = norms(1.0, 1.0, 0.0)
    synced = synced.double()
    images = torch.randn(3, 4, 2, 3, dtype=torch.float64, requires_grad=True)
    # A padding frame contributes to no loss.
    assert torch.autograd.gradcheck(lambda x: synced(x)[:2], images)


def test_in_evaluation_it_is_the_plain_one() -> None:
    plain, synced = norms()
    images = torch.randn(2, 4, 3, 3)
    torch.testing.assert_close(synced.eval()(images), plain.eval()(images), rtol=0, atol=0)


@pytest.mark.parametrize("name", [*OWN, "tu-test_efficientnet"])
def test_every_layer_of_a_network_is_synchronised_and_nothing_else_changes(name: str) -> None:
    network = build(name, width=8) if name in OWN else build("smp", encoder=name)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    count = sum(isinstance(each, nn.BatchNorm2d) for each in network.modules())
    synchronised(network, FrameMask())
    assert sum(isinstance(each, MaskedSyncBatchNorm2d) for each in network.modules()) == count > 0
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)


@pytest.mark.usefixtures("group")
def test_a_layer_of_timm_goes_on_with_its_activation() -> None:
    plain = BatchNormAct2d(4).train()
    (synced,) = synchronised(nn.Sequential(plain), mask := FrameMask()).children()
    mask.real = torch.ones(3)
    images = torch.randn(3, 4, 2, 3)
    found = synced(images)
    assert not (found < 0).any()
    torch.testing.assert_close(found, plain(images))


@pytest.mark.usefixtures("group")
def test_a_compiled_network_calls_its_layers_as_they_are() -> None:
    torch.compiler.reset()
    images = torch.randn(3, 4, 5, 5)
    _, synced = norms(1.0, 1.0, 0.0)
    expected = synced(images).relu()
    network = left_uncompiled(nn.Sequential(synced, nn.ReLU()))
    compiled = torch.compile(network, backend="eager", dynamic=False)
    torch.testing.assert_close(compiled(images), expected, rtol=0, atol=0)


def test_the_compiler_is_not_imported_before_it_is_used() -> None:
    code = (
        "import importlib, pkgutil, sys, nerveseg.training as package\n"
        "for each in pkgutil.iter_modules(package.__path__, package.__name__ + '.'):\n"
        "    importlib.import_module(each.name)\n"
        "assert 'nerveseg.training.sync_batch_norm' in sys.modules\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
