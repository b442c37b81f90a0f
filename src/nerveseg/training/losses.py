"""The loss of the paper, eq. 9 and 10; the third term, eq. 11, is Adam's `weight_decay`.

Adam with weight decay lambda adds lambda * w to the gradient of w before anything else: that is
the gradient of (lambda / 2) ||w||^2, so the optimiser computes eq. 11 without a graph over the
weights. (AdamW would not: it decays the weights apart from the gradient.)
"""

from typing import Final

import torch.nn.functional as F
from torch import Tensor

# Keeps the Dice term defined on a frame without a nerve, in pixels.
SMOOTH: Final = 1.0


def cross_entropy(logits: Tensor, masks: Tensor) -> Tensor:
    """Eq. 9: binary cross entropy, averaged over the pixels of each frame.

    Args:
        logits: N x H x W float32.
        masks: N x H x W float32, {0, 1}.

    Returns:
        N float32, natural logarithm.
    """
    pixels = F.binary_cross_entropy_with_logits(logits, masks, reduction="none")
    return pixels.mean(dim=(1, 2))


def squared_dice(logits: Tensor, masks: Tensor) -> Tensor:
    """Eq. 10: 1 - 2 sum(p g) / (sum(p^2) + sum(g^2)), for each frame apart.

    For each frame rather than over the batch: the loss of a batch is then the mean over its
    frames, however it is divided among processes or accumulation steps.

    Args:
        logits: N x H x W float32.
        masks: N x H x W float32, {0, 1}.

    Returns:
        N float32 in 0..1; near 0 where both are empty, thanks to `SMOOTH`.
    """
    probability = logits.sigmoid()
    overlap = (probability * masks).sum(dim=(1, 2))
    # g^2 = g for a mask of zeros and ones.
    size = probability.square().sum(dim=(1, 2)) + masks.sum(dim=(1, 2))
    return 1.0 - (2.0 * overlap + SMOOTH) / (size + SMOOTH)


def frame_losses(outputs: Tensor | tuple[Tensor, ...], masks: Tensor) -> Tensor:
    """Return eq. 9 + eq. 10 for each frame; the mean over outputs under deep supervision.

    Args:
        outputs: logits N x 1 x H x W of any floating type, or several of them.
        masks: N x H x W uint8, {0, 1}.

    Returns:
        N float32.
    """
    heads = outputs if isinstance(outputs, tuple) else (outputs,)
    target = masks.float()
    total = cross_entropy(heads[0].squeeze(1).float(), target)
    total = total + squared_dice(heads[0].squeeze(1).float(), target)
    for head in heads[1:]:
        logits = head.squeeze(1).float()
        total = total + cross_entropy(logits, target) + squared_dice(logits, target)
    return total / len(heads)
