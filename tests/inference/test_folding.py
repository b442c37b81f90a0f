"""Folded normalisation: the same function, and no pair that a forward pass does not show."""

import copy
import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from benchmarks.traffic import prediction_traffic
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from nerveseg.device import Precision
from nerveseg.inference.averaged import Averaged, torch_predictor
from nerveseg.inference.folding import folded
from nerveseg.inference.predict import Predictor
from nerveseg.inference.tta import SETS
from nerveseg.models.blocks.apf import NearestUpConv
from nerveseg.models.factory import build
from nerveseg.models.registry import LIBRARY, OWN
from nerveseg.models.weights import Description

# Three branches of SAPF share one kernel.
SHARED = ["sapf.norms.0", "sapf.norms.1", "sapf.norms.2"]
NARROW: dict[str, object] = {"width": 8}
NETWORKS: list[tuple[str, dict[str, object], list[str]]] = [
    *((name, NARROW, SHARED if name == "cpfnet" else []) for name in OWN),
    ("rpa_apf", {"width": 8, "reading": "paper"}, []),
    ("attention_unet", {"width": 8, "gating": "authors"}, []),
    (LIBRARY, {"architecture": "Unet", "encoder": "resnet18"}, []),
    # Its normalisations go on with an activation.
    (LIBRARY, {"architecture": "UnetPlusPlus", "encoder": "tu-test_efficientnet"}, []),
]


def random_norms(network: nn.Module) -> nn.Module:
    """Return a network in float64 and eval mode with random statistics and open gates."""
    chance = torch.Generator().manual_seed(1)
    network = network.double().eval()
    with torch.no_grad():
        for each in network.modules():
            if isinstance(each, nn.BatchNorm2d) and each.running_mean is not None:
                assert each.running_var is not None
                each.running_mean.normal_(0.0, 0.3, generator=chance)
                each.running_var.uniform_(0.3, 2.0, generator=chance)
                each.weight.uniform_(0.5, 1.5, generator=chance)
                each.bias.uniform_(-0.5, 0.5, generator=chance)
        for name, parameter in network.named_parameters():
            if name.endswith(("gamma", "alpha", "beta")):
                parameter.fill_(0.5)
    return network


def image(height: int = 32, width: int = 32) -> Tensor:
    chance = torch.Generator().manual_seed(2)
    return torch.randn(2, 1, height, width, generator=chance, dtype=torch.float64)


def norms_of(network: nn.Module) -> list[str]:
    return [name for name, each in network.named_modules() if isinstance(each, nn.BatchNorm2d)]


def assert_equal(network: nn.Module, other: nn.Module, x: Tensor) -> None:
    with torch.no_grad():
        expected, found = network(x), other(x)
    assert expected.std() > 0
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9 * float(expected.std()))


@pytest.mark.parametrize(("name", "options", "left"), NETWORKS, ids=str)
def test_a_folded_network_computes_the_same(
    name: str, options: dict[str, object], left: list[str]
) -> None:
    torch.manual_seed(0)
    network = random_norms(build(name, 1, **options))
    before = copy.deepcopy(network.state_dict())
    result = folded(network, image()[:1])
    assert norms_of(result) == left
    # Another size, which is padded.
    assert_equal(network, result, image(45, 70))
    assert network.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_a_convolution_without_normalisation_gets_no_bias() -> None:
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(1, 3, 3, bias=False), nn.ReLU(), nn.Conv2d(3, 2, 3, bias=False))
    network = random_norms(nn.Sequential(plain, nn.BatchNorm2d(2)))
    result = folded(network, image())
    assert norms_of(result) == []
    biased = [each.bias is not None for each in result.modules() if isinstance(each, nn.Conv2d)]
    assert biased == [False, True]
    assert_equal(network, result, image())


@pytest.mark.parametrize("factor", [2, 4])
def test_summed_kernels_compute_what_their_phases_do(factor: int) -> None:
    torch.manual_seed(0)
    layer = NearestUpConv(3, 5, factor).double()
    layer.train()  # as published
    x = torch.randn(2, 3, 6, 7, dtype=torch.float64)
    torch.testing.assert_close(layer.merged()(x), layer(x))


class Net(nn.Module):
    """Two convolutions of equal shape and a normalisation, used as `use` says."""

    def __init__(self, use: Callable[["Net", Tensor], Any]) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.second = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.use = use

    def forward(self, x: Tensor) -> Any:  # noqa: ANN401
        return self.use(self, x)

    def with_bias_of_the_second(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.first.weight, self.second.bias, padding=1)


USES: dict[str, Callable[[Net, Tensor], Any]] = {
    "read by two": lambda net, x: net.norm(y := net.first(x)) + y,
    "returned as well": lambda net, x: [y := net.first(x), net.norm(y)][0],
    "a view is read by another": lambda net, x: net.norm(y := net.first(x)) * y[:, :1],
    "changed in place": lambda net, x: net.norm(net.first(x).relu_()),
    "activated between": lambda net, x: net.norm(net.first(x).relu()),
    "normalisation used twice": lambda net, x: net.norm(net.first(x)) + net.norm(net.second(x)),
    "convolution used twice": lambda net, x: net.norm(net.first(x)) + net.first(2 * x),
    "normalisation first": lambda net, x: net.first(net.norm(x.expand(-1, 4, -1, -1))[:, 1:2]),
    "weight read elsewhere": lambda net, x: net.norm(net.first(x)) + net.first.weight.mean(),
    "bias read elsewhere": lambda net, x: (
        net.norm(net.first(x)) + net.first.get_parameter("bias").mean()
    ),
    "statistics read elsewhere": lambda net, x: (
        net.norm(net.first(x)) + net.norm.get_buffer("running_mean").mean()
    ),
    "bias of another": lambda net, x: net.norm(net.with_bias_of_the_second(x)),
    "kind of layer decides": lambda net, x: (
        net.norm(net.first(x)) * (2 if isinstance(net.norm, nn.BatchNorm2d) else 3)
    ),
}


@pytest.mark.parametrize("use", USES)
def test_no_other_pair_is_folded(use: str) -> None:
    torch.manual_seed(0)
    network = random_norms(Net(USES[use]))
    result = folded(network, image())
    assert norms_of(result) == ["norm"]
    assert_equal(network, result, image())


def in_turn(net: Net, x: Tensor) -> Any:  # noqa: ANN401
    return net.norm(net.first(x))


def tied(net: Net) -> None:
    net.second.weight = net.first.weight


def parametrised(net: Net) -> None:
    weight_norm(net.first)


def hook_on_convolution(net: Net) -> None:
    net.first.register_forward_hook(lambda module, inputs, output: output)


def hook_on_norm(net: Net) -> None:
    net.norm.register_forward_pre_hook(lambda module, inputs: inputs)


def statistics_of_the_batch(net: Net) -> None:
    net.norm = nn.BatchNorm2d(4, track_running_stats=False)


def groups_of_a_transposed_kernel(net: Net) -> None:
    net.first = nn.Sequential(  # type: ignore[assignment]
        nn.Conv2d(1, 4, 1), nn.ConvTranspose2d(4, 4, 2, stride=2, groups=2)
    )


class Doubled(nn.BatchNorm2d):
    """Does more than normalise."""

    def forward(self, input: Tensor) -> Tensor:
        return 2 * super().forward(input)


def unknown_kind(net: Net) -> None:
    net.norm = Doubled(4)


@pytest.mark.parametrize(
    "change",
    [
        tied,
        parametrised,
        hook_on_convolution,
        hook_on_norm,
        statistics_of_the_batch,
        groups_of_a_transposed_kernel,
        unknown_kind,
    ],
)
def test_layers_that_others_depend_on_stay(change: Callable[[Net], None]) -> None:
    torch.manual_seed(0)
    network = Net(in_turn)
    change(network)
    random_norms(network)
    result = folded(network, image())
    assert norms_of(result) == ["norm"]
    assert_equal(network, result, image())


@pytest.mark.parametrize(
    "first",
    [
        nn.Conv2d(1, 4, 3, stride=2, padding=(2, 1), dilation=2, bias=False),
        nn.Conv2d(1, 4, 3, padding=1, padding_mode="reflect"),
        nn.ConvTranspose2d(1, 4, (3, 4), stride=(2, 3), padding=1, output_padding=1),
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.Dropout2d(0.5), nn.Identity()),
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 4, 3, groups=2)),
    ],
    ids=str,
)
def test_every_convolution_takes_a_normalisation(first: nn.Module) -> None:
    torch.manual_seed(0)
    network = random_norms(nn.Sequential(first, nn.BatchNorm2d(4, eps=0.1), nn.ReLU()))
    result = folded(network, image())
    assert norms_of(result) == []
    assert_equal(network, result, image(31, 40))


def test_a_normalisation_in_two_places_leaves_both() -> None:
    torch.manual_seed(0)
    network = Net(in_turn)
    network.other = network.norm
    random_norms(network)
    result = folded(network, image())
    assert norms_of(result) == []
    assert_equal(network, result, image())


def test_a_network_that_cannot_be_followed_stays(caplog: pytest.LogCaptureFixture) -> None:
    network = random_norms(Net(lambda net, x: (net.norm(net.first(x)), x)))
    with caplog.at_level(logging.INFO):
        assert folded(network, image()) is network
    assert "batch normalisation is not folded: TypeError" in caplog.text


@pytest.fixture
def averaged() -> Averaged:
    torch.manual_seed(0)
    network = random_norms(build("unet", 1, width=4)).float()
    described = Description("unet", {"width": 4}, 1, (32, 48), {})
    return Averaged(network, described, SETS["none"], "mean")


def norms_in(predictor: Predictor) -> int:
    return len(norms_of(predictor._network))


@pytest.mark.parametrize(("precision", "left"), [("fp32", 22), ("bf16", 0)])
def test_only_float32_on_a_processor_keeps_its_bits(
    averaged: Averaged, precision: Precision, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NERVESEG_DEVICE", "cpu")
    predictor = torch_predictor(averaged, precision)
    assert norms_in(predictor) == left
    assert len(norms_of(averaged.network)) == 22
    frames = torch.randint(0, 256, (2, 32, 48), dtype=torch.uint8).numpy()
    exact = torch_predictor(averaged, "fp32").logits(frames)
    error = abs(predictor.logits(frames) - exact)
    assert error.max() == 0 if left else error.mean() < 0.05 * exact.std()


def mebibytes(name: str, *, folding: bool, bias_apart: bool) -> float:
    return prediction_traffic(name, 8, 64, 2, folding=folding, bias_apart=bias_apart).bytes / 2**20


def test_folding_saves_a_pass_over_maps_whose_convolution_has_a_bias_anyway() -> None:
    whole, fewer = (mebibytes("unet", folding=each, bias_apart=True) for each in (False, True))
    # Each of its maps is written, gets a bias, is normalised, activated and read: 8 passes, then 6.
    assert 0.75 < fewer / whole < 0.9


@pytest.mark.parametrize("name", ["baseline", "rpa_apf", "cpfnet"])
def test_folding_replaces_normalisation_by_a_bias_elsewhere(name: str) -> None:
    whole, fewer = (mebibytes(name, folding=each, bias_apart=True) for each in (False, True))
    assert 0.9 < fewer / whole < 1
    within = mebibytes(name, folding=True, bias_apart=False)
    assert within < 0.9 * whole
