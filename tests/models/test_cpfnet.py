"""CPF-Net's modules against loops over figs. 2 and 3."""

import numpy as np
import torch
from loop_reading import (
    Array,
    array,
    bilinear,
    conv,
    conv_norm,
    convolve,
    layers,
    lively,
    norm,
    relu,
    softmax,
)
from torch import nn

from nerveseg.models.networks.cpfnet import GlobalPyramidGuidance, ScaleAwarePyramidFusion


def test_gpg_equals_its_figure_in_loops() -> None:
    module = lively(GlobalPyramidGuidance([2, 3, 4], width=2, rates=(1, 2, 4)))
    maps = [
        torch.randn(1, channels, 8 >> level, 12 >> level, dtype=torch.float64)
        for level, channels in enumerate((2, 3, 4))
    ]
    levels = [
        bilinear(relu(conv_norm(array(each[0]), block)), (8, 12))
        for each, block in zip(maps, module.levels, strict=True)
    ]
    stacked = np.concatenate(levels)
    fields = []
    for rate, block in zip((1, 2, 4), module.dilated, strict=True):
        depthwise, first, pointwise = layers(block)
        assert isinstance(depthwise, nn.Conv2d)
        field = norm(convolve(stacked, array(depthwise.weight), None, rate, groups=6), first)
        fields.append(relu(conv_norm(field, pointwise)))
    expected = conv_norm(np.concatenate(fields), module.out)
    np.testing.assert_allclose(array(module(maps)[0]), expected, rtol=1e-10, atol=1e-12)


def fuse(a: Array, b: Array, module: ScaleAwarePyramidFusion) -> Array:
    mix, _, narrow, _, select = module.selector
    votes = conv(relu(conv(relu(conv(np.concatenate([a, b]), mix)), narrow)), select)
    result = np.empty_like(a)
    for y, z in np.ndindex(a.shape[1:]):
        first, second = softmax(votes[:, y, z])
        result[:, y, z] = first * a[:, y, z] + second * b[:, y, z]
    return result


def test_sapf_equals_its_figure_in_loops() -> None:
    module = lively(ScaleAwarePyramidFusion(4))
    x = torch.randn(1, 4, 5, 6, dtype=torch.float64)
    a, weight = array(x[0]), array(module.shared.weight)
    near, middle, far = (
        norm(convolve(a, weight, module.shared.bias if rate == 1 else None, rate), layer)
        for rate, layer in zip((1, 2, 4), module.norms, strict=True)
    )
    fused = fuse(fuse(near, middle, module), far, module)
    gamma = module.gamma.item()
    mixed = relu(gamma * fused + (1 - gamma) * a)
    expected = relu(conv_norm(mixed, module.out))
    np.testing.assert_allclose(array(module(x)[0]), expected, rtol=1e-10, atol=1e-12)


def test_sapf_passes_its_input_on_at_initialisation() -> None:
    module, x = ScaleAwarePyramidFusion(4).eval(), torch.randn(1, 4, 5, 6)
    assert torch.equal(module(x), module.out(x.relu()))
