"""The training losses. The paper's are eq. 9, eq. 10 and eq. 11, which is Adam's `weight_decay`.

Adam with weight decay lambda adds lambda * w to the gradient of w before anything else. That is
the gradient of (lambda / 2) ||w||^2, so the optimiser computes eq. 11 without a graph over the
weights. (AdamW would not: it decays the weights separately from the gradient.)

To add a loss, write a function like `cross_entropy`, list it in `LOSSES`, and give it a weight
under `train.losses` in params.yaml.
"""

from collections.abc import Callable, Mapping
from functools import reduce
from operator import add
from typing import Final

import torch.nn.functional as F
from torch import Tensor

from nerveseg.errors import InputError

# Keeps the Dice term defined on a frame without a nerve, in pixels.
SMOOTH: Final = 1.0


def cross_entropy(logits: Tensor, masks: Tensor) -> Tensor:
    """Eq. 9: binary cross entropy, averaged over the pixels of each frame.

    Args:
        logits: N x H x W float32.
        masks: N x H x W float32, {0, 1}.

    Returns:
        N float32, in nats.
    """
    pixels = F.binary_cross_entropy_with_logits(logits, masks, reduction="none")
    return pixels.mean(dim=(1, 2))


def squared_dice(logits: Tensor, masks: Tensor) -> Tensor:
    """Eq. 10: 1 - 2 sum(p g) / (sum(p^2) + sum(g^2)), for each frame separately.

    Eq. 10 sums over the batch and has no smoothing. With one value per frame, the loss of a batch
    is the mean over its frames, however it is divided among processes or micro-batches.

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


LOSSES: Final[Mapping[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "cross_entropy": cross_entropy,
    "squared_dice": squared_dice,
}
"""The losses by name. Each maps logits and masks, N x H x W float32, to N float32."""
PAPER: Final[Mapping[str, float]] = {"cross_entropy": 1.0, "squared_dice": 1.0}
"""The weights of the paper: eq. 9 + eq. 10."""


def check_losses(weights: Mapping[str, float]) -> None:
    """Refuse names that `LOSSES` does not list.

    Raises:
        InputError: there is no such loss.
    """
    for name in weights:
        if name not in LOSSES:
            raise InputError(
                f"params.yaml: train.losses.{name}: no such loss; there are {', '.join(LOSSES)}"
            )


def frame_losses(
    outputs: Tensor | tuple[Tensor, ...], masks: Tensor, weights: Mapping[str, float] = PAPER
) -> Tensor:
    """Return the weighted sum of losses for each frame.

    Args:
        outputs: logits N x 1 x H x W of any floating type, or a tuple of them under deep
            supervision, whose losses are averaged.
        masks: N x H x W uint8, {0, 1}.
        weights: name in `LOSSES` -> weight.

    Returns:
        N float32.
    """
    # In the order of LOSSES: the order in params.yaml must not change the rounding.
    losses = [(weights[name], loss) for name, loss in LOSSES.items() if name in weights]
    scored, *auxiliary = outputs if isinstance(outputs, tuple) else (outputs,)
    target = masks.float()
    # Cast once per loss here and once per head below. In bfloat16 the two round the gradient
    # differently; changing either would change trained weights.
    terms = [weight * loss(scored.squeeze(1).float(), target) for weight, loss in losses]
    for head in auxiliary:
        logits = head.squeeze(1).float()
        terms += [weight * loss(logits, target) for weight, loss in losses]
    return reduce(add, terms) / (1 + len(auxiliary))
