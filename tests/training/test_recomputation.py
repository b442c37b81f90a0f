"""Recomputing activations changes no bit of a training and holds less memory between its passes."""

from pathlib import Path
from typing import Any

import pytest
import runs
import torch
from benchmarks.steps import batch_of
from pydantic import ValidationError
from safetensors.torch import load_file
from tiny_training import settings
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from nerveseg.data.dataset import Batch
from nerveseg.errors import InputError
from nerveseg.models.factory import build
from nerveseg.models.registry import LIBRARY, NETWORKS
from nerveseg.training.averaging import MovingAverage
from nerveseg.training.distributed import World
from nerveseg.training.engine import Engine
from nerveseg.training.presence_head import PresenceHead
from nerveseg.training.recomputation import recompute_activations

CPU = torch.device("cpu")
FRAMES, SIZE = 3, 64
OPTIONS: dict[str, dict[str, object]] = {
    LIBRARY: {"architecture": "FPN", "encoder": "tu-test_efficientnet"},
    "unetpp": {"width": 4, "deep_supervision": True},
}
"""Of networks other than `{"width": 4}`; the library's has dropout and iterates over its blocks."""
EVERYTHING: dict[str, Any] = {
    "average": lambda network: MovingAverage(network, 0.5),
    "presence": lambda network: PresenceHead(network, 1, (SIZE, SIZE), 0.5),
    "half_size": 1,
}


def engine(name: str, dtype: torch.dtype = torch.float32, **extra: Any) -> Engine:  # noqa: ANN401
    torch.manual_seed(0)
    network = build(name, 1, **OPTIONS.get(name, {"width": 4}))
    world = World(0, 1, CPU)
    return Engine(network, 1, dtype=dtype, weight_decay=1e-3, world=world, frames=FRAMES, **extra)


def trained(each: Engine) -> dict[str, Any]:
    """Return state, loss and gradients after an update in each of two epochs and one more pass."""
    for epoch in range(2):
        each.start_epoch(epoch)
        torch.manual_seed(epoch)
        # The last micro-batch of an epoch can be smaller.
        parts = [batch_of(FRAMES, SIZE, epoch), batch_of(FRAMES - 1, SIZE, 5 + epoch)]
        each.train_step(parts, 1e-2)
    each._forward_backward(parts[0])
    gradients = {name: weight.grad for name, weight in each.network.named_parameters()}
    return {**each.state(), "gradients": gradients, "loss": torch.tensor(each.take_loss())}


def assert_same_bits(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    mine, theirs = (torch.utils._pytree.tree_flatten(each) for each in (found, wanted))
    assert mine[1] == theirs[1]  # the keys
    for one, other in zip(mine[0], theirs[0], strict=True):
        assert torch.equal(one, other) if isinstance(one, Tensor) else one == other


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_weights_and_running_statistics_have_the_same_bits(name: str) -> None:
    kept, recomputed = (trained(engine(name, recompute=each)) for each in (False, True))
    assert_same_bits(recomputed, kept)


@pytest.mark.parametrize("name", ["danet", "attention_unet", LIBRARY])
def test_so_they_have_in_bf16_with_averages_a_head_and_half_size(name: str) -> None:
    both = [engine(name, torch.bfloat16, recompute=each, **EVERYTHING) for each in (False, True)]
    assert both[1]._copies is not None
    kept, recomputed = map(trained, both)
    assert_same_bits(recomputed, kept)


class Dropping(nn.Module):
    """A block with dropout and running statistics, which counts its passes."""

    def __init__(self) -> None:
        super().__init__()
        convolution, self.norm = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.block = nn.Sequential(nn.Sequential(convolution, self.norm, nn.Dropout(0.5)))
        self.head = nn.Conv2d(4, 1, 1)
        self.passes = 0
        convolution.register_forward_hook(self._count)

    def _count(self, *_: object) -> None:
        self.passes += 1

    def forward(self, image: Tensor) -> Tensor:
        out: Tensor = self.head(self.block(image))
        return out


def test_a_block_is_computed_twice_in_training_and_its_batches_are_counted_once() -> None:
    passes, states = [], []
    for again in (False, True):
        torch.manual_seed(0)
        network = Dropping()
        if again:
            recompute_activations(network)
        loss = network(torch.arange(32.0).reshape(2, 1, 4, 4)).square().sum()
        drawn = torch.rand(1)  # of the same place in the stream of random numbers
        loss.backward()
        assert network.norm.num_batches_tracked == 1
        passes.append(network.passes)
        gradients = {name: each.grad for name, each in network.named_parameters()}
        states.append({"loss": loss, "drawn": drawn, **gradients, **dict(network.named_buffers())})
        network.eval()
        network(torch.ones(1, 1, 4, 4)).sum().backward()
        assert network.passes == passes[-1] + 1
    assert passes == [1, 2]
    assert_same_bits(states[1], states[0])


def held(each: Engine, batch: Batch) -> int:
    """Return the bytes that autograd holds after a forward pass, without weights."""
    found: dict[int, int] = {}
    own = {weight.data_ptr() for weight in each.network.parameters()}
    alive = []

    def pack(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in own:
            found[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        alive.append(tensor)  # so that no other tensor gets its address
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        each._module(batch)
    return sum(found.values())


@pytest.mark.parametrize("name", NETWORKS)
def test_less_is_held_between_the_passes_of_every_network(name: str) -> None:
    kept, recomputed = (
        held(engine(name, recompute=each), batch_of(FRAMES, SIZE)) for each in (False, True)
    )
    assert recomputed < 0.65 * kept


def test_a_network_without_blocks_is_refused() -> None:
    with pytest.raises(InputError, match=r"train\.recompute: this network has no blocks"):
        recompute_activations(nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU()))


def test_it_does_not_go_together_with_compiling() -> None:
    with pytest.raises(ValidationError, match="compile true and recompute true"):
        settings(compile=True, recompute=True)


def test_a_training_writes_the_weights_of_one_that_keeps_activations(workspace: Path) -> None:
    written = []
    for recompute in (False, True):
        runs.train(workspace, settings(epochs=1, recompute=recompute))
        written.append(load_file(workspace / "weights.safetensors"))
    assert_same_bits(written[1], written[0])
