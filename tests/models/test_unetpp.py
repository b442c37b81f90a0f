"""U-Net++ against the recursion of its eq. 1."""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nerveseg.models.networks.unetpp import UNetPlusPlus


def node(network: UNetPlusPlus, image: Tensor, i: int, j: int) -> Tensor:
    """Return X^{i,j} as eq. 1 defines it, all its arguments computed anew."""
    if j == 0:
        level = network.encoder.levels[i]
        x = image if i == 0 else F.max_pool2d(node(network, image, i - 1, 0), 2)
        return cast("Tensor", level(x))
    below = node(network, image, i + 1, j - 1)
    size = [2 * side for side in below.shape[-2:]]
    up = F.interpolate(below, size, mode="bilinear", align_corners=True)
    row = [node(network, image, i, k) for k in range(j)]
    column = cast("nn.ModuleList", network.nodes[j - 1])
    return cast("Tensor", column[i](torch.cat([*row, up], dim=1)))


def test_the_nested_nodes_follow_the_recursion() -> None:
    network = UNetPlusPlus(width=4).double().eval()
    image = torch.randn(1, 1, 32, 64, dtype=torch.float64)
    expected = network.heads[0](node(network, image, 0, 4))
    torch.testing.assert_close(network(image), expected, rtol=1e-12, atol=1e-12)


def test_deep_supervision_scores_the_deepest_node_and_hands_it_over_first() -> None:
    network = UNetPlusPlus(width=4, deep_supervision=True).eval()
    image = torch.randn(1, 1, 32, 32)
    scored = network(image)
    network.training = True  # of the outer module only: normalisation stays in eval mode
    logits = network(image)
    assert torch.equal(logits[0], scored)
    for head, j, found in zip(network.heads, (4, 3, 2, 1), logits, strict=True):
        torch.testing.assert_close(found, head(node(network, image, 0, j)))
