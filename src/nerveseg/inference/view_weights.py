"""The weight of each view of test-time augmentation, from its agreement with the other views."""

from typing import Final

import torch
from torch import Tensor

THRESHOLD: Final = 0.5
"""Probability from which a pixel belongs to a view's mask."""

_SQUARINGS: Final = 30
"""Squarings of the matrix: its 2^30th power separates eigenvalues that differ by 1e-7."""


def agreement_weights(probabilities: Tensor) -> Tensor:
    """Return the weight of each view, frame by frame; the weights of a frame sum to 1.

    D is the matrix of the Dice between the views' masks, the pixels at or above `THRESHOLD`; the
    Dice of two empty masks is 1. The weights are the limit of D^k 1 for k to infinity, divided by
    its sum: the leading eigenvector of D or, if several share the largest eigenvalue, the
    projection of equal weights onto them. So a view weighs more if it agrees with views that
    themselves agree with many. Views whose masks are all empty, or all equal, weigh the same, and
    so do views of which each disagrees with all others. A single view weighs 1.

    Args:
        probabilities: N x V x H x W for N frames and V views, 0..1, all in the same orientation.

    Returns:
        N x V float64, at least 0. NaN probabilities count as below the threshold.
    """
    power = _pairwise_dice(probabilities >= THRESHOLD)
    for _ in range(_SQUARINGS):
        power = power @ power
        power = power / power.amax(dim=(1, 2), keepdim=True)
    weights = power.sum(dim=2)
    return weights / weights.sum(dim=1, keepdim=True)


def _pairwise_dice(masks: Tensor) -> Tensor:
    """Return the Dice of each pair of views, N x V x V float64, for masks N x V x H x W bool."""
    pixels = masks.flatten(2)
    # One row at a time: all pairs at once would need V times the memory of the masks.
    rows = [(pixels & pixels[:, [view]]).sum(dim=2) for view in range(pixels.shape[1])]
    both = torch.stack(rows, dim=1).double()
    areas = pixels.sum(dim=2).double()
    total = areas[:, :, None] + areas[:, None, :]
    return torch.where(total > 0, 2 * both / total.clamp(min=1), 1.0)
