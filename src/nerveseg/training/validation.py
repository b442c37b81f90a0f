"""Loss and Dice on the validation frames after an epoch: cheap, at the packed size."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nerveseg.data.input_normalisation import to_input
from nerveseg.training.distributed import World
from nerveseg.training.losses import frame_losses


class ValidationMetrics(NamedTuple):
    """Means over the validation frames.

    Attributes:
        loss: of eq. 9 + eq. 10.
        dice: at a probability of 1/2, at the packed size, 1 where both are empty; the score of
            a network is computed elsewhere, at the competition's size.
    """

    loss: float
    dice: float


def validate(
    network: nn.Module,
    images: NDArray[np.uint8],
    masks: NDArray[np.uint8],
    indices: NDArray[np.int64],
    *,
    channels: int,
    batch: int,
    dtype: torch.dtype,
    world: World,
) -> ValidationMetrics:
    """Return the quality of `network` on the frames at `indices`, NaN where there are none.

    Args:
        network: left in training mode.
        images: F x H x W uint8.
        masks: F x H x W uint8, {0, 1}.
        indices: of the validation frames; every process takes its part of them.
        channels: of the network's input.
        batch: frames per forward pass.
        dtype: what to compute in.
        world: the processes that share the work.
    """
    device = world.device
    totals = torch.zeros(3, device=device, dtype=torch.float64)
    mine = indices[world.rank :: world.size]
    network.eval()
    with torch.inference_mode(), torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
        for start in range(0, len(mine), batch):
            chosen = mine[start : start + batch]
            target = torch.from_numpy(masks[chosen]).to(device, non_blocking=True)
            inputs = to_input(torch.from_numpy(images[chosen]).to(device), channels)
            logits = network(inputs)
            losses = frame_losses(logits, target)
            totals += torch.stack(
                [losses.sum(), _dice(logits, target).sum(), losses.new_tensor(len(chosen))]
            )
    network.train()
    loss, dice, count = world.total(totals).tolist()
    return (
        ValidationMetrics(loss / count, dice / count)
        if count
        else ValidationMetrics(float("nan"), float("nan"))
    )


def _dice(logits: Tensor, masks: Tensor) -> Tensor:
    found, truth = logits.squeeze(1) >= 0, masks > 0
    overlap = (found & truth).sum(dim=(1, 2))
    size = found.sum(dim=(1, 2)) + truth.sum(dim=(1, 2))
    return torch.where(size > 0, 2 * overlap / size, 1.0)
