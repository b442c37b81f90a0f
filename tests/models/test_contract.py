"""One contract for all networks. A new network adds a row to `TABLE`."""

import shutil
from typing import NamedTuple, TypedDict, Unpack

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from nerveseg.models.blocks.rpa import Reading, Softmax
from nerveseg.models.blocks.segmenter import Segmenter
from nerveseg.models.complexity import multiply_adds, on_meta, parameter_count
from nerveseg.models.factory import build
from nerveseg.models.networks.attention_unet import Gating
from nerveseg.models.registry import LIBRARY, OWN


class Row(NamedTuple):
    """Expected parameters by input channels, and GMACs with 3 channels by size.

    The numbers for DA-Net on ResNet-34 and for the ablation have not been published; they are
    derived from the layers.
    """

    grey: int
    colour: int
    gmacs_256: float
    gmacs_512: float


class Options(TypedDict, total=False):
    """Options of the variants."""

    gating: Gating
    reading: Reading
    softmax: Softmax
    deep_supervision: bool


TABLE = {
    "baseline": Row(21_650_625, 21_656_897, 6.04, 24.16),
    "baseline_rpa": Row(23_687_906, 23_694_178, 6.17, 24.68),
    "baseline_apf": Row(21_690_725, 21_696_997, 8.66, 34.63),
    "rpa_apf": Row(23_728_006, 23_734_278, 8.79, 35.15),
    "unet": Row(34_525_889, 34_527_041, 65.35, 261.4),
    "attention_unet": Row(34_877_421, 34_878_573, 66.43, 265.7),
    "unetpp": Row(9_162_753, 9_163_329, 34.49, 137.9),
    "danet": Row(22_775_013, 22_781_285, 24.3, 99.1),
    "cenet": Row(28_996_821, 29_003_093, 7.15, 28.59),
    # The layers in use; the authors' code declares 43,269,858.
    "cpfnet": Row(30_644_452, 30_650_724, 8.30, 33.19),
}
VARIANTS: list[tuple[str, Options]] = [
    *((name, Options()) for name in TABLE),
    ("rpa_apf", {"reading": "paper"}),
    ("rpa_apf", {"reading": "paper", "softmax": "row"}),
    ("attention_unet", {"gating": "authors"}),
    ("unetpp", {"deep_supervision": True}),
    ("danet", {"deep_supervision": False}),
]
QUICK: dict[str, dict[str, object]] = {
    "Unet/resnet18": {"architecture": "Unet", "encoder": "resnet18"},
    "UnetPlusPlus/efficientnet of timm": {
        "architecture": "UnetPlusPlus",
        "encoder": "tu-test_efficientnet",
        "settings": {"decoder_channels": [32, 16, 16, 8, 8]},
    },
    "DeepLabV3Plus/mobilenet_v2": {"architecture": "DeepLabV3Plus", "encoder": "mobilenet_v2"},
}
# In training, it leaves out blocks at random, which then have no gradient.
SLOW: dict[str, dict[str, object]] = {
    "FPN/efficientnet-b0": {"architecture": "FPN", "encoder": "efficientnet-b0"}
}
COMBINATIONS = QUICK | SLOW
"""Of the network that a library builds."""
VARIANTS += [(name, Options()) for name in QUICK]
slow = [pytest.param(name, marks=pytest.mark.slow) for name in COMBINATIONS]
own_network = pytest.mark.parametrize("name", TABLE)
every_network = pytest.mark.parametrize("name", [*TABLE, *QUICK, *slow[len(QUICK) :]])
# Tracing one of the library's takes many seconds.
every_network_traced = pytest.mark.parametrize("name", [*TABLE, *slow])
every_variant = pytest.mark.parametrize(("name", "options"), VARIANTS, ids=str)
NARROW = 8


def narrow(name: str, channels: int = 1, seed: int = 0, **options: Unpack[Options]) -> Segmenter:
    """Return a small network whose residual gates are open: gammas start at 0."""
    torch.manual_seed(seed)
    if name in COMBINATIONS:
        return build(LIBRARY, channels, **COMBINATIONS[name])
    network = build(name, channels, width=NARROW, **options)
    for key, parameter in network.named_parameters():
        if key.endswith(("gamma", "alpha", "beta")):
            nn.init.constant_(parameter, 0.5)
    return network


def settled(name: str, **options: Unpack[Options]) -> Segmenter:
    """Return a small network in eval mode, its normalisation fitted to noise as if trained."""
    network = narrow(name, **options)
    norms = [each for each in network.modules() if isinstance(each, nn.BatchNorm2d)]
    for each in norms:
        each.momentum = 0.7
    with torch.no_grad():
        for _ in range(4):
            network(torch.randn(4, 1, 96, 96))
    return network.eval()


def heads(logits: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return logits if isinstance(logits, tuple) else (logits,)


def test_every_network_is_in_the_table() -> None:
    assert set(TABLE) == set(OWN)


@own_network
def test_parameters_equal_the_expected_count(name: str) -> None:
    assert parameter_count(on_meta(name, 1, {})) == TABLE[name].grey
    assert parameter_count(on_meta(name, 3, {})) == TABLE[name].colour


@pytest.mark.parametrize(
    ("name", "options", "colour"),
    [
        ("baseline_rpa", {"reading": "paper"}, 22_483_073),
        # The softmax has no weights.
        ("baseline_rpa", {"reading": "paper", "softmax": "row"}, 22_483_073),
        # U-Net's, 8 C^2 + 8 C + 1 for each gate at C = 128, 256 and 512, and the gating signal.
        ("attention_unet", {"gating": "authors"}, 34_527_041 + 2_759_683 + 1_051_648),
    ],
)
def test_parameters_of_a_variant_equal_the_count_by_hand(
    name: str, options: dict[str, object], colour: int
) -> None:
    assert parameter_count(on_meta(name, 3, options)) == colour


@own_network
def test_multiply_adds_are_within_a_hundredth_of_the_expected(name: str) -> None:
    network = on_meta(name, 3, {})
    at_256, at_512 = (multiply_adds(network, 3, (size, size)) / 1e9 for size in (256, 512))
    assert at_256 == pytest.approx(TABLE[name].gmacs_256, rel=0.01)
    assert at_512 == pytest.approx(TABLE[name].gmacs_512, rel=0.01)


@every_variant
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(64, 64), (96, 96), (75, 104)], ids=str)
def test_logits_have_the_input_s_size_and_gradients_reach_every_parameter(
    name: str, options: Options, channels: int, size: tuple[int, int]
) -> None:
    network = narrow(name, channels, **options)
    logits = heads(network(torch.randn(2, channels, *size)))
    assert {tuple(each.shape) for each in logits} == {(2, 1, *size)}
    torch.autograd.backward(torch.stack([each.square().mean() for each in logits]).sum())
    gradients = {key: p.grad for key, p in network.named_parameters() if p.requires_grad}
    assert not [key for key, each in gradients.items() if each is None]
    assert all(each.isfinite().all() for each in gradients.values() if each is not None)
    # Normalisation cancels the biases before it: their gradients are rounding alone.
    weights = {key: each for key, each in gradients.items() if each is not None and each.ndim > 1}
    assert not [key for key, each in weights.items() if not each.any()]


@own_network
@pytest.mark.slow
@pytest.mark.parametrize("size", [(512, 512), (420, 580)], ids=str)
def test_one_image_of_the_paper_s_and_of_the_competition_s_size(
    name: str, size: tuple[int, int]
) -> None:
    network = narrow(name)
    logits = heads(network(torch.randn(1, 1, *size)))
    assert {tuple(each.shape) for each in logits} == {(1, 1, *size)}
    torch.autograd.backward(torch.stack([each.mean() for each in logits]).sum())
    assert all(each.grad is not None for each in network.parameters())


@own_network
def test_one_small_image_can_be_trained_on(name: str) -> None:
    # The coarsest maps are 2 x 2: enough for batch statistics, but smaller than CE-Net's windows.
    for each in heads(narrow(name)(torch.randn(1, 1, 64, 64))):
        assert each.isfinite().all()


@every_variant
def test_only_training_mode_returns_auxiliary_logits(name: str, options: Options) -> None:
    network = narrow(name, **options)
    image = torch.randn(2, 1, 64, 64)
    supervised = options.get("deep_supervision", name == "danet")
    count = {"danet": 3, "unetpp": 4}[name] if supervised else 1
    assert len(heads(network.train()(image))) == count
    assert isinstance(network.eval()(image), Tensor)


@every_variant
def test_weights_saved_and_loaded_give_the_same_logits(name: str, options: Options) -> None:
    first, image = settled(name, **options), torch.randn(1, 1, 64, 64)
    second = narrow(name, seed=1, **options).eval()
    assert not torch.equal(first(image), second(image))
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(image), second(image))


@every_network
def test_the_seed_decides_the_initial_weights(name: str) -> None:
    first, same, other = (narrow(name, seed=seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[key], same[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@every_network
def test_evaluation_is_deterministic_and_regards_each_image_by_itself(name: str) -> None:
    network, images = settled(name), torch.randn(3, 1, 64, 64)
    together = network(images)
    assert torch.equal(together, network(images))
    torch.testing.assert_close(network(images[1:2]), together[1:2], rtol=1e-4, atol=1e-4)


@every_network
def test_half_precision_and_channels_last_change_little(name: str) -> None:
    network, images = settled(name), torch.randn(2, 1, 64, 64)
    expected = network(images)
    network = network.to(memory_format=torch.channels_last)
    images = images.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(network(images), expected, rtol=1e-3, atol=1e-3)
    with torch.autocast("cpu", torch.bfloat16):
        difference = network(images).float() - expected
    assert difference.abs().mean() < 0.1 * expected.abs().mean().clamp(min=1)


@pytest.mark.slow
@every_network_traced
def test_exported_programs_agree_with_eager(name: str) -> None:
    network, image = settled(name), torch.randn(1, 1, 64, 64)
    with torch.no_grad():
        expected = network(image)
        program = torch.export.export(network, (image,))
        torch.testing.assert_close(program.module()(image), expected, rtol=1e-4, atol=1e-4)
        model = torch.onnx.export(program, dynamo=True, verbose=False)
    assert model is not None
    session = onnxruntime.InferenceSession(model.model_proto.SerializeToString())
    found = session.run(None, {session.get_inputs()[0].name: image.numpy()})[0]
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@every_network_traced
def test_the_graph_is_captured_whole_in_training(name: str) -> None:
    torch.compiler.reset()  # all networks share one `forward`, and would overflow its cache
    network, image = narrow(name), torch.randn(2, 1, 75, 104)
    compiled = torch.compile(network, backend="eager", fullgraph=True, dynamic=False)
    torch.manual_seed(0)  # for DA-Net's dropout
    expected = heads(network(image))
    torch.manual_seed(0)
    for found, wanted in zip(heads(compiled(image)), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="no compiler on this machine")
@pytest.mark.parametrize("name", ["rpa_apf", "danet"])
def test_a_compiled_network_agrees_with_eager(name: str) -> None:
    # Two networks suffice: the test above captures the graph of each, and compiling takes a minute.
    torch.compiler.reset()
    network, image = settled(name), torch.randn(2, 1, 64, 64)
    with torch.no_grad():
        found = torch.compile(network, fullgraph=True, dynamic=False)(image)
        torch.testing.assert_close(found, network(image), rtol=1e-3, atol=1e-3)
