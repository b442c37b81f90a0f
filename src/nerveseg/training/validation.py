"""Loss and Dice on the validation frames after each epoch: cheap, at the packed size."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nerveseg.data.input_normalisation import to_input
from nerveseg.training.distributed import World
from nerveseg.training.losses import PAPER, Objective


class ValidationMetrics(NamedTuple):
    """Means over the validation frames.

    Attributes:
        loss: the training loss, with a Dice loss for each frame by itself.
        dice: Dice at a threshold of 1/2 and at the packed size, 1 where both masks are empty. The
            stage `score` computes the scores of a run, at the competition's size.
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
    objective: Objective = PAPER,
) -> ValidationMetrics:
    """Return the metrics of `network` on the frames at `indices`; NaN if there are none.

    Args:
        network: network on the device of `world`; it is left in training mode.
        images: F x H x W uint8.
        masks: F x H x W uint8, {0, 1}.
        indices: rows of the validation frames; the processes divide them among themselves.
        channels: channels of the network's input.
        batch: frames per forward pass.
        dtype: type to compute in.
        world: the processes that share the work.
        objective: what training minimises.
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
            frame_loss = objective.by_frame().frame_losses(logits, target)
            totals += torch.stack(
                [frame_loss.sum(), _dice(logits, target).sum(), frame_loss.new_tensor(len(chosen))]
            )
    network.train()
    loss, dice, count = world.sum(totals).tolist()
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
