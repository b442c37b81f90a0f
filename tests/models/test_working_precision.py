"""Under bfloat16 autocast no map is stored in float32, and float32 has torch's own bits.

These tests run on a CPU, whose autocast leaves upsampling and softmax alone. `CudaCasts` stands in
for that of a GPU: it does the casts that torch lists for CUDA and that a network here could meet.
Batch normalisation is in neither list.
"""

from contextlib import nullcontext
from typing import Any, cast

import pytest
import torch
import torch.nn.functional as F
from benchmarks.steps import RATE, batch_of, engine_of
from benchmarks.traffic import CudaCasts
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from nerveseg.models.blocks import working_precision
from nerveseg.models.blocks.working_precision import (
    Upsample,
    scale,
    softmax,
    upsample,
    upsample_nearest,
)
from nerveseg.models.factory import build
from nerveseg.models.registry import OWN
from nerveseg.training.engine import Engine

CPU = torch.device("cpu")
FRAMES, SIZE, WIDTH = 3, 128, 8
# More than the statistics of the widest layer, and less than RPA's attention between 16 pixels.
FEW = 256
VARIANTS: list[tuple[str, dict[str, object]]] = [
    *((name, {}) for name in OWN),
    ("rpa_apf", {"reading": "paper"}),
    ("attention_unet", {"gating": "authors"}),
    ("unetpp", {"deep_supervision": True}),
]
QUICK = ("rpa_apf", "cpfnet")
every_variant = pytest.mark.parametrize(("name", "options"), VARIANTS, ids=str)


class Float32Maps(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes each float32 result of an operation that is not allowed, and each normalisation.

    Allowed are results of at most `FEW` values; those of the shape of a parameter, which are
    weights, their gradients and the optimiser's moments; those of one channel, which are the input,
    the target, the logits and the loss, in float32 by design; and the matrices that interpolate one
    side, which no axis of frames repeats.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.shapes = {each.shape for each in network.parameters()}
        self.maps: list[str] = []
        self.normalised: list[tuple[torch.dtype, torch.dtype]] = []

    def __torch_dispatch__(  # noqa: D105
        self,
        func: Any,  # noqa: ANN401
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        out = func(*args, **(kwargs or {}))
        if "batch_norm" in func.name() and "backward" not in func.name():
            self.normalised.append((args[0].dtype, args[1].dtype))
        for each in tree_leaves(out):
            if isinstance(each, Tensor) and each.dtype == torch.float32 and not self._allowed(each):
                self.maps.append(f"{func.name()} {tuple(each.shape)}")
        return out

    def _allowed(self, result: Tensor) -> bool:
        one_channel = result.shape == (FRAMES, SIZE, SIZE) or result.shape[:2] == (FRAMES, 1)
        by_side = result.ndim == 2 or (result.ndim == 3 and result.shape[0] == 1)
        return result.numel() <= FEW or result.shape in self.shapes or one_channel or by_side


def engine(name: str, options: dict[str, object], dtype: torch.dtype) -> Engine:
    """Return an engine whose network has its residual gates open and no dropout."""
    torch.manual_seed(0)
    network = build(name, 1, width=WIDTH, **options)
    for key, parameter in network.named_parameters():
        if key.endswith(("gamma", "alpha", "beta")):
            nn.init.constant_(parameter, 0.5)
    for each in network.modules():
        if isinstance(each, nn.Dropout2d):
            each.p = 0.0
    return engine_of(network, CPU, dtype, FRAMES, compiled=False)


@every_variant
def test_a_bfloat16_update_makes_no_float32_map(name: str, options: dict[str, object]) -> None:
    mixed = engine(name, options, torch.bfloat16)
    with CudaCasts(), Float32Maps(mixed.network) as seen:
        mixed.train_step([batch_of(FRAMES, SIZE)], RATE)
    assert seen.maps == []
    # The statistics are those of float32 weights and sums, the maps are not.
    assert set(seen.normalised) == {(torch.bfloat16, torch.float32)}


def gradient(name: str, options: dict[str, object], dtype: torch.dtype) -> tuple[float, Tensor]:
    """Return the loss of a first update, and the gradient of all weights as one vector."""
    each = engine(name, options, dtype)
    with CudaCasts():
        loss = each._forward_backward(batch_of(FRAMES, SIZE))
    flat = [cast("Tensor", p.grad).flatten() for p in each.network.parameters()]
    return loss.item(), torch.cat(flat)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        each if each[0] in QUICK else pytest.param(*each, marks=pytest.mark.slow)
        for each in VARIANTS
    ],
    ids=str,
)
def test_it_is_as_close_to_a_float32_update_as_autocast_alone(
    name: str, options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    loss, exact = gradient(name, options, torch.float32)
    our_loss, ours = gradient(name, options, torch.bfloat16)
    monkeypatch.setattr(working_precision, "_as_it_is", lambda _: nullcontext())
    _, autocast = gradient(name, options, torch.bfloat16)
    assert our_loss == pytest.approx(loss, rel=0.02)
    # Untrained networks on noise are far more sensitive to rounding than trained ones.
    mine, theirs = ((each - exact).norm() / exact.norm() for each in (ours, autocast))
    assert mine < 1.5 * theirs + 0.05


@pytest.mark.parametrize("align_corners", [False, True])
def test_float32_maps_keep_torch_s_bits(align_corners: bool) -> None:
    x, factor = torch.randn(2, 3, 5, 7), torch.randn(1)
    size = (11, 23)
    expected = F.interpolate(x, size=size, mode="bilinear", align_corners=align_corners)
    pairs = [
        (upsample(x, size, align_corners=align_corners), expected),
        (Upsample()(x), nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)(x)),
        (upsample_nearest(x, 4), nn.Upsample(scale_factor=4)(x)),
        (softmax(x, dim=1), x.softmax(dim=1)),
        (scale(x, factor), factor * x),
    ]
    for found, wanted in pairs:
        assert torch.equal(found, wanted)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("size", [(5, 9), (10, 18), (45, 40)], ids=str)
def test_the_gradient_of_a_bfloat16_map_is_that_of_float64(
    size: tuple[int, int], align_corners: bool
) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 5, 9, dtype=torch.float64, requires_grad=True)
    narrow = x.detach().to(torch.bfloat16).requires_grad_()
    # All positive: no sum is near 0, where a relative error says little.
    towards = torch.rand(2, 3, *size).to(torch.bfloat16)
    expected = F.interpolate(x, size=size, mode="bilinear", align_corners=align_corners)
    found = upsample(narrow, size, align_corners=align_corners)
    torch.autograd.backward([expected, found], [towards.double(), towards])
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.double(), expected, rtol=2e-2, atol=2e-2)
    wanted = cast("Tensor", x.grad)
    # Three roundings to 8 bits: of the weights, between the products, and of the result.
    torch.testing.assert_close(cast("Tensor", narrow.grad).double(), wanted, rtol=1.5e-2, atol=1e-3)
