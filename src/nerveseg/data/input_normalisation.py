"""Normalises packed uint8 frames to a network's input, on whichever device they are."""

from typing import Final

import torch
from torch import Tensor

# ImageNet's mean and standard deviation, averaged over the three channels: for a grey image, these
# are the statistics that pretrained encoders expect.
MEAN: Final = 0.449
DEVIATION: Final = 0.226


def to_input(images: Tensor, channels: int) -> Tensor:
    """Return grey frames as a normalised network input.

    Args:
        images: N x H x W uint8, 0..255.
        channels: number of channels of the network's input; the grey level is repeated.

    Returns:
        N x `channels` x H x W float32 on the same device, (x / 255 - MEAN) / DEVIATION.
    """
    scale = 1.0 / (255.0 * DEVIATION)
    grey = images.to(torch.float32).mul(scale).sub(MEAN / DEVIATION).unsqueeze(1)
    return grey if channels == 1 else grey.expand(-1, channels, -1, -1)
