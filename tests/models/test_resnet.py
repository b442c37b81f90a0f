"""The encoder against torchvision's network, and its dilated form against its strided one."""

import pytest
import torch
from loop_reading import lively
from torchvision.models import resnet34

from nerveseg.models.blocks.resnet import ResNet34


def test_the_encoder_computes_what_torchvision_s_layers_do() -> None:
    peer = lively(resnet34()).float()
    encoder = ResNet34(3).eval()
    state = {key: value for key, value in peer.state_dict().items() if not key.startswith("fc.")}
    encoder.load_state_dict(state, strict=True)
    image = torch.randn(1, 3, 64, 64)
    x = peer.maxpool(peer.relu(peer.bn1(peer.conv1(image))))
    for layer, found in zip(
        (peer.layer1, peer.layer2, peer.layer3, peer.layer4), encoder(image)[1:], strict=True
    ):
        x = layer(x)
        torch.testing.assert_close(found, x, rtol=1e-4, atol=1e-5)


def test_maps_have_the_strides_and_channels_that_they_are_named_for() -> None:
    shapes = [tuple(each.shape[1:]) for each in ResNet34(1, width=8)(torch.zeros(2, 1, 64, 96))]
    assert shapes == [(8, 32, 48), (8, 16, 24), (16, 8, 12), (32, 4, 6), (64, 2, 3)]


@pytest.mark.parametrize(("layer", "step"), [("layer3", 2), ("layer4", 4)])
def test_dilation_keeps_the_strided_network_s_values_between_others(layer: str, step: int) -> None:
    # With the same weights, every step-th pixel of the dense map forms the coarse map.
    strided = lively(ResNet34(1, width=4))
    dilated = ResNet34(1, width=4, output_stride=8).double().eval()
    dilated.load_state_dict(strided.state_dict())
    image = torch.randn(1, 1, 64, 96, dtype=torch.float64)
    dense, coarse = getattr(dilated(image), layer), getattr(strided(image), layer)
    assert dense.shape[-2:] == (8, 12)
    torch.testing.assert_close(dense[..., ::step, ::step], coarse)


@pytest.mark.slow  # timm takes seconds to import
def test_the_dilated_encoder_computes_what_timm_s_does() -> None:
    timm = pytest.importorskip("timm")
    peer = lively(timm.create_model("resnet34", output_stride=8))
    encoder = ResNet34(3, output_stride=8).double().eval()
    state = {key: value for key, value in peer.state_dict().items() if not key.startswith("fc.")}
    encoder.load_state_dict(state, strict=True)
    image = torch.randn(1, 3, 64, 96, dtype=torch.float64)
    found, expected = encoder(image).layer4, peer.forward_features(image)
    assert found.shape[-2:] == (8, 12)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
