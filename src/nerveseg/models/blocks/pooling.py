"""Adaptive average pooling with a gradient that repeats its bits on a GPU."""

import torch
import torch.nn.functional as F
from torch import Tensor


def region_means(x: Tensor, regions: int) -> Tensor:
    """Return the means over `regions` x `regions` regions, as `F.adaptive_avg_pool2d` does.

    Args:
        x: N x C x H x W.
        regions: regions along each side; neighbours may overlap by a pixel.

    Returns:
        N x C x `regions` x `regions`.
    """
    # On a GPU, torch adds up the gradient of this pooling in an order that varies.
    if x.is_cuda and torch.are_deterministic_algorithms_enabled():
        return means_by_products(x, regions)
    return F.adaptive_avg_pool2d(x, regions)


def means_by_products(x: Tensor, regions: int) -> Tensor:
    """Return the same as `region_means`, as two matrix products."""
    rows = membership(x.shape[-2], regions).to(x)
    columns = membership(x.shape[-1], regions).to(x)
    return rows @ x @ columns.T


def membership(length: int, regions: int) -> Tensor:
    """Return the weight of each of `length` pixels in each region, `regions` x `length` float32."""
    weights = torch.zeros(regions, length)
    for region in range(regions):
        # The region starts at the rounded-down and ends at the rounded-up multiple.
        start, end = region * length // regions, -((region + 1) * length // -regions)
        weights[region, start:end] = 1.0 / (end - start)
    return weights
