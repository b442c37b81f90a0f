"""Depthwise convolution: a sum of shifted maps is what torch's own convolution computes."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from nerveseg.models.blocks import depthwise
from nerveseg.models.blocks.conv import conv
from nerveseg.models.blocks.depthwise import Depthwise, sum_of_shifts
from nerveseg.models.factory import build


def drawn(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    """Return a map, a kernel and a bias of three channels."""
    torch.manual_seed(0)
    shapes = ((2, 3, 9, 14), (3, 1, 3, 3), (3,))
    x, weight, bias = (torch.randn(shape, dtype=dtype) for shape in shapes)
    return x, weight, bias


def gradients(result: Tensor, *of: Tensor) -> list[Tensor]:
    torch.manual_seed(1)
    return list(torch.autograd.grad(result, of, torch.randn_like(result)))


# At the widest, outer taps see nothing but the padding.
@pytest.mark.parametrize("dilation", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_it_is_torchs_convolution_in_both_directions(dilation: int, kernel: int) -> None:
    x, _, bias = (each.requires_grad_() for each in drawn())
    weight = torch.randn(3, 1, kernel, kernel, dtype=x.dtype, requires_grad=True)
    margin = dilation * (kernel // 2)
    peer = F.conv2d(x, weight, bias, padding=margin, dilation=dilation, groups=3)
    ours = sum_of_shifts(x, weight, bias, dilation)
    torch.testing.assert_close(ours, peer)
    torch.testing.assert_close(gradients(ours, x, weight, bias), gradients(peer, x, weight, bias))


def test_bfloat16_is_summed_in_float32() -> None:
    x, weight, _ = drawn(torch.bfloat16)
    exact = F.conv2d(x.double(), weight.double(), padding=2, dilation=2, groups=3)
    ours = sum_of_shifts(x, weight.float(), None, 2)
    assert ours.dtype == torch.bfloat16
    torch.testing.assert_close(ours, exact.to(torch.bfloat16), rtol=2**-7, atol=0)


def test_it_begins_with_the_weights_of_an_ordinary_convolution() -> None:
    torch.manual_seed(0)
    spread = Depthwise(4000, 3, dilation=2).weight.std()
    torch.testing.assert_close(spread, torch.tensor((2 / 9) ** 0.5), rtol=0.01, atol=0)
    like = conv(1, 4000, 3).weight.std()
    torch.testing.assert_close(spread, like, rtol=0.02, atol=0)


@pytest.fixture
def _as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depthwise, "_fused", lambda _: torch.compiler.is_compiling())


@pytest.mark.usefixtures("_as_on_a_gpu")
def test_compiled_it_computes_the_same() -> None:
    layer = Depthwise(3, 3, dilation=2)
    x = drawn(torch.float32)[0].requires_grad_()
    # It traces both directions as every backend does, and needs no C++ compiler.
    compiled = torch.compile(layer, backend="aot_eager", dynamic=False, fullgraph=True)
    of = (x, layer.weight)
    torch.testing.assert_close(gradients(compiled(x), *of), gradients(layer(x), *of))
    torch.testing.assert_close(compiled(x), layer(x))


@pytest.mark.slow
@pytest.mark.usefixtures("_as_on_a_gpu")
def test_a_compiled_network_has_no_depthwise_convolution_left() -> None:
    network = build("cpfnet", 1, width=4, encoder_weights="none").eval()
    seen: list[str] = []

    def note(graph: torch.fx.GraphModule, _: object) -> torch.fx.GraphModule:
        calls = [each for each in graph.graph.nodes if each.target is torch.conv2d]
        seen.extend(str(each) for each in calls if len(each.args) == 7 and each.args[6] != 1)
        seen.append("compiled")
        return graph

    x = torch.randn(1, 1, 32, 32)
    with torch.no_grad():
        compiled = torch.compile(network, backend=note, dynamic=False)
        torch.testing.assert_close(compiled(x), network(x), rtol=1e-4, atol=1e-5)
    assert seen == ["compiled"]


def test_an_exported_network_keeps_its_depthwise_convolutions() -> None:
    network = build("cpfnet", 1, width=4, encoder_weights="none").eval()
    exported = torch.export.export(network, (torch.randn(1, 1, 32, 32),))
    groups = [
        node.args[-1]
        for node in exported.graph.nodes
        if node.target is torch.ops.aten.conv2d.default and len(node.args) == 7
    ]
    assert len([each for each in groups if each != 1]) == 9
