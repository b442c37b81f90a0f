"""DA-Net's attentions against loops over eq. 1 to 4."""

import numpy as np
import pytest
import torch
from loop_reading import array, conv, lively, softmax
from torch import nn

from nerveseg.models.blocks.attention import attention
from nerveseg.models.networks.danet import ChannelAttention, DANet, PositionAttention


def test_position_attention_equals_its_equations_in_loops() -> None:
    module = lively(PositionAttention(16))
    x = torch.randn(1, 16, 3, 4, dtype=torch.float64)
    a = array(x[0])
    query, key, value = (conv(a, layer) for layer in (module.query, module.key, module.value))
    pixels = list(np.ndindex(a.shape[1:]))
    expected = a.copy()
    for y, z in pixels:
        weights = softmax(np.array([query[:, y, z] @ key[:, u, v] for u, v in pixels]))
        for weight, (u, v) in zip(weights, pixels, strict=True):
            expected[:, y, z] += module.alpha.item() * weight * value[:, u, v]
    np.testing.assert_allclose(array(module(x)[0]), expected, rtol=1e-10, atol=1e-12)


def test_channel_attention_equals_its_equations_in_loops() -> None:
    module = lively(ChannelAttention())
    x = torch.randn(1, 5, 3, 4, dtype=torch.float64)
    a = array(x[0])
    expected = a.copy()
    for j in range(len(a)):
        energy = np.array([(a[i] * a[j]).sum() for i in range(len(a))])
        for i, weight in enumerate(softmax(energy.max() - energy)):
            expected[j] += module.beta.item() * weight * a[i]
    np.testing.assert_allclose(array(module(x)[0]), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("module", [PositionAttention(16), ChannelAttention()])
def test_both_attentions_are_no_ops_at_initialisation(module: nn.Module) -> None:
    x = torch.randn(2, 16, 3, 4)
    assert torch.equal(module(x), x)


def test_attention_rows_sum_to_one() -> None:
    x = torch.randn(2, 16, 3, 4)
    position = PositionAttention(16)
    for weights in (attention(position.query(x), position.key(x)), ChannelAttention().weights(x)):
        rows = weights.sum(dim=-1)
        torch.testing.assert_close(rows, torch.ones_like(rows))


def test_the_head_on_the_sum_is_scored_and_comes_first() -> None:
    network = DANet(width=8).eval()
    image = torch.randn(2, 1, 64, 64)
    scored = network(image)
    network.training = True  # of the outer module only: dropout and normalisation stay in eval mode
    assert torch.equal(network(image)[0], scored)
