"""The encoder and the decoder that U-Net, U-Net++ and Attention U-Net share."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

from nerveseg.models.blocks.conv import conv_norm_relu
from nerveseg.models.blocks.working_precision import UpsampleNearest

LEVELS: Final = 5


def double_conv(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return two 3 x 3 convolutions, each with normalisation and ReLU."""
    return nn.Sequential(
        conv_norm_relu(in_channels, out_channels, 3),
        conv_norm_relu(out_channels, out_channels, 3),
    )


def up_step(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return nearest upsampling by 2 and a 3 x 3 convolution with normalisation and ReLU."""
    return nn.Sequential(UpsampleNearest(), conv_norm_relu(in_channels, out_channels, 3))


def level_widths(width: int) -> list[int]:
    """Return the channels of the five levels: 64 to 1024 for a width of 64."""
    return [width << level for level in range(LEVELS)]


class UNetEncoder(nn.Module):
    """Five levels of two convolutions with maximum pooling between them.

    Args:
        in_channels: channels of the image.
        widths: channels of the levels, finest first.
    """

    def __init__(self, in_channels: int, widths: Sequence[int]) -> None:
        super().__init__()
        inputs = [in_channels, *widths[:-1]]
        self.levels = nn.ModuleList(map(double_conv, inputs, widths))
        self.pool = nn.MaxPool2d(2)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the maps at /1, /2, /4, /8, /16."""
        maps = [self.levels[0](image)]
        for level in self.levels[1:]:
            maps.append(level(self.pool(maps[-1])))
        return maps


class UNetDecoder(nn.Module):
    """Four steps up: upsample, concatenate the skip, two convolutions.

    Args:
        widths: channels of the levels, finest first.
        gates: modules of (skip, gating map) that each skip passes through, finest first.
        gate_first: gate with the map before it is upsampled to the skip's size, not after.
    """

    def __init__(
        self,
        widths: Sequence[int],
        gates: Sequence[nn.Module] | None = None,
        *,
        gate_first: bool = False,
    ) -> None:
        super().__init__()
        self.gate_first = gate_first
        self.ups = nn.ModuleList(map(up_step, widths[1:], widths))
        self.merges = nn.ModuleList(double_conv(2 * channels, channels) for channels in widths[:-1])
        self.gates = nn.ModuleList(gates) if gates else None

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return the finest map, N x widths[0] x H x W, of the encoder's `maps`."""
        x = maps[-1]
        for level in reversed(range(len(self.ups))):
            up = self.ups[level](x)
            skip = maps[level]
            if self.gates is not None:
                skip = self.gates[level](skip, x if self.gate_first else up)
            x = self.merges[level](torch.cat([skip, up], dim=1))
        return x
