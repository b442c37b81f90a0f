"""Losses of each frame by itself, beside the paper's in `nerveseg.training.losses`."""

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

SHARPNESS: Final = 5.0
"""r of `presence`: the larger, the more the largest logit of a frame counts alone."""


def focal(logits: Tensor, masks: Tensor) -> Tensor:
    """Focal loss with gamma = 2 and without alpha: Lin et al., ICCV 2017, eq. 4.

    It is `cross_entropy` with every pixel times (1 - p)^2 for the probability p of its true class.

    Args:
        logits: N x H x W float32.
        masks: N x H x W float32 in 0..1.

    Returns:
        N float32, in nats.
    """
    pixels = F.binary_cross_entropy_with_logits(logits, masks, reduction="none")
    probability = logits.sigmoid()
    true = probability * masks + (1.0 - probability) * (1.0 - masks)
    return ((1.0 - true).square() * pixels).mean(dim=(1, 2))


def lovasz(logits: Tensor, masks: Tensor) -> Tensor:
    """Lovasz hinge of each frame, the convex extension of 1 minus the Jaccard index.

    Berman et al., 'The Lovasz-softmax loss', CVPR 2018, eq. 8 with the binary hinge errors of
    section 3.1 and the gradient of algorithm 1. Like theirs, it is 0 only where every pixel is
    beyond the margin of 1.

    Args:
        logits: N x H x W float32.
        masks: N x H x W float32; pixels above 1/2 are in the mask.

    Returns:
        N float32, 0 or more.
    """
    truth = (masks > 0.5).float().flatten(1)  # noqa: PLR2004
    errors, order = (1.0 - logits.flatten(1) * (2.0 * truth - 1.0)).sort(dim=1, descending=True)
    truth = truth.gather(1, order)
    size = truth.sum(dim=1, keepdim=True)
    found, extra = truth.cumsum(dim=1), (1.0 - truth).cumsum(dim=1)
    jaccard = 1.0 - (size - found) / (size + extra)
    steps = jaccard.diff(dim=1, prepend=torch.zeros_like(size))
    return (errors.relu() * steps).sum(dim=1)


def presence(logits: Tensor, masks: Tensor) -> Tensor:
    """Binary cross entropy of whether a frame shows a nerve, by its logits pooled to one.

    Pinheiro and Collobert, 'From image-level to pixel-level labeling with convolutional networks',
    CVPR 2015, eq. 2: s = log(mean(exp(r x))) / r, between the mean and the largest of the logits.

    Args:
        logits: N x H x W float32.
        masks: N x H x W float32 in 0..1; a frame with a pixel above 0 shows a nerve.

    Returns:
        N float32, in nats.
    """
    pixels = SHARPNESS * logits.flatten(1)
    pooled = (pixels.logsumexp(dim=1) - math.log(pixels.shape[1])) / SHARPNESS
    shown = (masks.flatten(1) > 0).any(dim=1).float()
    return F.binary_cross_entropy_with_logits(pooled, shown, reduction="none")
