"""The training losses. The paper's are eq. 9, eq. 10 and eq. 11, which is Adam's `weight_decay`.

Adam with weight decay lambda adds lambda * w to the gradient of w before anything else. That is
the gradient of (lambda / 2) ||w||^2, so the optimiser computes eq. 11 without a graph over the
weights. (AdamW would not: it decays the weights separately from the gradient.)

To add a loss, write a function like `cross_entropy`, list it in `LOSSES`, and give it a weight
under `train.losses` in params.yaml.
"""

from collections.abc import Callable, Mapping
from functools import partial, reduce
from operator import add
from typing import Final, Literal, NamedTuple

import torch.nn.functional as F
from torch import Tensor
from torch.distributed.nn.functional import all_reduce

from nerveseg.errors import InputError
from nerveseg.training.frame_losses import focal, lovasz, presence
from nerveseg.training.half_size import halved
from nerveseg.training.soft_outline import soft_outline


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


class Sums(NamedTuple):
    """The sums over pixels in a Dice or Tversky loss.

    Attributes:
        over: whether they are over each frame, or over all frames of a batch. Eq. 10 reads like one
            sum over the batch.
        smoothing: added above and below the fraction, in pixels; eq. 10 has none. Without it, a
            frame or batch without a nerve has a loss of 1 whatever the network says.
        counted: N, {0, 1}: the frames that sums over a batch include; by default all.
        exchange: whether the batch is distributed over all processes.
    """

    over: Literal["frame", "batch"] = "frame"
    smoothing: float = 1.0
    counted: Tensor | None = None
    exchange: bool = False

    def __call__(self, pixels: Tensor) -> Tensor:
        """Return the sums of `pixels`, N x H x W, as N values."""
        frames = pixels.sum(dim=(1, 2))
        if self.over == "frame":
            return frames
        included = frames if self.counted is None else frames * self.counted
        total = included.sum()
        if self.exchange:
            # The backward pass adds up the gradients of all processes' losses.
            total = all_reduce(total)  # type: ignore[no-untyped-call]
        return total.expand(len(frames))


BY_FRAME: Final = Sums()
FALSE: Final = 0.3
MISSED: Final = 0.7
"""Weights of false and missed pixels in the Tversky loss."""


def squared_dice(logits: Tensor, masks: Tensor, sums: Sums = BY_FRAME) -> Tensor:
    """Eq. 10: 1 - 2 sum(p g) / (sum(p^2) + sum(g^2)).

    Args:
        logits: N x H x W float32.
        masks: N x H x W float32 in 0..1.
        sums: what the sums are over, and their smoothing.

    Returns:
        N float32 in 0..1; N times the same value if the sums are over the batch.
    """
    probability = logits.sigmoid()
    return _dice(probability * masks, probability.square() + masks.square(), sums)


def dice(logits: Tensor, masks: Tensor, sums: Sums = BY_FRAME) -> Tensor:
    """Dice loss without squares, 1 - 2 sum(p g) / (sum(p) + sum(g)); see `squared_dice`."""
    probability = logits.sigmoid()
    return _dice(probability * masks, probability + masks, sums)


def _dice(overlap: Tensor, area: Tensor, sums: Sums) -> Tensor:
    numerator = 2.0 * sums(overlap) + sums.smoothing
    return 1.0 - numerator / (sums(area) + sums.smoothing)


def tversky(logits: Tensor, masks: Tensor, sums: Sums = BY_FRAME) -> Tensor:
    """Tversky loss, 1 - TP / (TP + 0.3 FP + 0.7 FN): a missed pixel costs more than a false one.

    Salehi et al., 'Tversky loss function for image segmentation using 3D fully convolutional deep
    networks', MLMI 2017, eq. 3 with the alpha and beta that were best there; see `squared_dice`.
    """
    probability = logits.sigmoid()
    overlap = sums(probability * masks)
    wrong = FALSE * sums(probability * (1.0 - masks)) + MISSED * sums((1.0 - probability) * masks)
    return 1.0 - (overlap + sums.smoothing) / (overlap + wrong + sums.smoothing)


LOSSES: Final[Mapping[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "cross_entropy": cross_entropy,
    "squared_dice": squared_dice,
    "dice": dice,
    "focal": focal,
    "lovasz": lovasz,
    "presence": presence,
    "tversky": tversky,
}
"""The losses by name. Each maps logits and masks, N x H x W float32, to N float32."""
RATIOS: Final = (squared_dice, dice, tversky)
"""The losses that divide by a sum, and therefore take `Sums`."""


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


class Objective(NamedTuple):
    """What training minimises.

    Attributes:
        weights: name in `LOSSES` -> weight; 0 leaves out the loss.
        dice_over: see `Sums`. A batch is what the network sees at once: one micro-batch of each
            process.
        dice_smoothing: see `Sums`.
        heads: whether the losses of several outputs under deep supervision are averaged or added.
        outline: pixels on either side of the outline in which targets are soft, see
            `nerveseg.training.soft_outline`.
    """

    weights: Mapping[str, float]
    dice_over: Literal["frame", "batch"] = "batch"
    dice_smoothing: float = 1.0
    heads: Literal["mean", "sum"] = "mean"
    outline: int = 0

    def by_frame(self) -> "Objective":
        """Return an objective that depends on each frame alone and on the masks as they are."""
        smoothing = max(1.0, self.dice_smoothing)
        return self._replace(dice_over="frame", dice_smoothing=smoothing, outline=0)

    def frame_losses(
        self,
        outputs: Tensor | tuple[Tensor, ...],
        masks: Tensor,
        *,
        counted: Tensor | None = None,
        exchange: bool = False,
    ) -> Tensor:
        """Return the weighted sum of losses for each frame.

        Args:
            outputs: logits N x 1 x H x W of any floating type, or a tuple of them under deep
                supervision.
            masks: N x H x W uint8, {0, 1}; or N x 2H x 2W, whose targets are averaged over squares
                of 2 x 2 pixels.
            counted: N, {0, 1}, see `Sums`.
            exchange: see `Sums`.

        Returns:
            N float32.
        """
        sums = Sums(self.dice_over, self.dice_smoothing, counted, exchange)
        # In the order of LOSSES: the order in params.yaml must not change the rounding.
        losses = [
            (self.weights[name], partial(loss, sums=sums) if loss in RATIOS else loss)
            for name, loss in LOSSES.items()
            if self.weights.get(name)
        ]
        target = soft_outline(masks.float(), self.outline)
        terms = []
        heads = outputs if isinstance(outputs, tuple) else (outputs,)
        if heads[0].shape[-2:] != target.shape[-2:]:
            target = halved(target)
        for head in heads:
            logits = head.squeeze(1).float()
            terms += [weight * loss(logits, target) for weight, loss in losses]
        total: Tensor = reduce(add, terms)
        return total if self.heads == "sum" else total / len(heads)


PAPER: Final = Objective({"cross_entropy": 1.0, "squared_dice": 1.0}, "batch", 0.0, "mean")
"""The paper's: eq. 9 + eq. 10. It does not say how several outputs are combined."""
