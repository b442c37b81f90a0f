"""Weights are cast once per update, with the bits of autocast, which casts each in every pass."""

import copy
from typing import Any

import pytest
import torch
from benchmarks.steps import RATE, batch_of, engine_of
from timm.layers.std_conv import StdConv2d
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from nerveseg.models.factory import build
from nerveseg.training.averaging import MovingAverage
from nerveseg.training.distributed import World
from nerveseg.training.engine import Engine
from nerveseg.training.presence_head import PresenceHead
from nerveseg.training.working_copies import WorkingCopies

CPU = torch.device("cpu")
FRAMES, SIZE = 3, 32
EVERYTHING = {
    "average": lambda network: MovingAverage(network, 0.5),
    "presence": lambda network: PresenceHead(network, 1, (SIZE, SIZE), 0.5),
}


class Casts(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes the shapes of what one operation alone casts."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.shapes: list[torch.Size] = []

    def __torch_dispatch__(  # noqa: D105
        self,
        func: Any,  # noqa: ANN401
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        out = func(*args, **(kwargs or {}))
        if "_to_copy" in func.name() and out.dtype != args[0].dtype:
            self.shapes.append(out.shape)
        return out


def engine(name: str, *, copies: bool, **extra: Any) -> Engine:  # noqa: ANN401
    torch.manual_seed(0)
    options = {"deep_supervision": True} if name in {"unetpp", "danet"} else {}
    each = Engine(
        build(name, 1, width=8, **options),
        1,
        dtype=torch.bfloat16,
        weight_decay=1e-3,
        world=World(0, 1, CPU),
        frames=FRAMES,
        **extra,
    )
    if not copies:
        each._copies = None
    return each


def update(each: Engine, first: int, count: int) -> None:
    for step in range(first, first + count):
        torch.manual_seed(step)
        # The last micro-batch of an epoch can be smaller.
        micro_batches = [batch_of(FRAMES, SIZE, step), batch_of(FRAMES - 1, SIZE, -step)]
        each.train_step(micro_batches, 1e-2)


def flat(state: dict[str, Any]) -> list[Tensor]:
    leaves = torch.utils._pytree.tree_leaves(state)
    return [leaf for leaf in leaves if isinstance(leaf, Tensor)]


def same(found: Engine, expected: Engine) -> bool:
    pairs = zip(flat(found.state()), flat(expected.state()), strict=True)
    return all(torch.equal(mine, theirs) for mine, theirs in pairs)


@pytest.mark.parametrize(
    ("name", "extra"),
    [("rpa_apf", EVERYTHING), ("danet", {}), ("unetpp", {}), ("unet", EVERYTHING)],
    ids=["rpa_apf with everything", "danet", "unetpp", "unet with everything"],
)
def test_updates_averages_and_heads_have_the_bits_of_autocast(
    name: str, extra: dict[str, Any]
) -> None:
    ours, autocast = (engine(name, copies=copies, **extra) for copies in (True, False))
    for each in (ours, autocast):
        update(each, 1, 2)
    assert same(ours, autocast)
    assert ours.take_loss() == autocast.take_loss()


def test_it_resumes_from_the_state_of_a_training_without_copies() -> None:
    ours, autocast = (engine("unet", copies=copies) for copies in (True, False))
    update(autocast, 1, 1)
    ours.restore(copy.deepcopy(autocast.state()))
    for each in (ours, autocast):
        update(each, 2, 1)
    assert same(ours, autocast)


def test_a_weight_without_a_gradient_gets_none() -> None:
    class OneOfTwo(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)

        def forward(self, images: Tensor) -> Tensor:
            out: Tensor = self.used(images)
            return out

    network = OneOfTwo()
    before = network.unused.weight.clone()
    each = engine_of(network, CPU, torch.bfloat16, FRAMES, compiled=False)
    each._forward_backward(batch_of(FRAMES, SIZE))
    assert network.used.weight.grad is not None
    assert network.used.weight.grad.dtype == torch.float32
    assert network.unused.weight.grad is None
    update(each, 1, 1)
    assert torch.equal(network.unused.weight, before)  # a gradient of 0 would let it decay


def test_no_weight_or_gradient_is_cast_by_itself() -> None:
    counts = {}
    for copies in (True, False):
        each = engine("unet", copies=copies)
        update(each, 1, 1)
        weights = {weight.shape for weight in each.network.parameters() if weight.ndim == 4}
        with Casts() as casts:
            each.train_step([batch_of(FRAMES, SIZE)], RATE)
        counts[copies] = sum(shape in weights for shape in casts.shapes)
    layers = sum(isinstance(layer, nn.Conv2d) for layer in build("unet", 1, width=8).modules())
    assert counts == {True: 0, False: 2 * layers}


def test_float32_has_no_copies() -> None:
    each = engine_of(nn.Conv2d(1, 1, 1), CPU, torch.float32, FRAMES, compiled=False)
    assert each._copies is None


def test_weights_that_are_standardised_have_the_bits_of_autocast() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 4, 3), StdConv2d(4, 4, 3, padding=1))
    frames = torch.rand(2, 1, 9, 9)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(WorkingCopies(module, torch.bfloat16)(frames), module(frames))
