"""APF, adaptive pyramid fusion: fuses three decoder levels at full size and re-weights channels.

Wu et al., AAAI 2021, the last of eq. 1 to 8 (see `rpa`). Like RPA, it has two readings:

| | `paper` (the equations) | `released` (the model file) |
|---|---|---|
| levels to full size | bilinear | nearest, then 3 x 3 + norm + ReLU to equal width |
| pooling | average | maximum |
| 1-D convolutions | two (a ReLU between them, or they would be one) | one, k = 3, no bias |
| result | F + F * sigma | F + gamma * F * sigma, gamma 0 at the start |

F is the 1 x 1 convolution of the concatenated levels. The channel attention is that of ECA (Wang
et al., CVPR 2020). The text aligns the levels to an equal number of channels C, but does not say
how: `PaperAPF` concatenates their w/2 + w + w channels and leaves the alignment to the 1 x 1. Nor
does the text state the kernel size of the 1-D convolutions or a ReLU between them: k = 3 and the
ReLU are ours.
"""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nerveseg.models.blocks.conv import conv
from nerveseg.models.blocks.decoder import Pyramid
from nerveseg.models.blocks.rpa import Reading
from nerveseg.models.blocks.segmenter import fraction_of
from nerveseg.models.blocks.working_precision import scale, upsample, upsample_nearest

TAPS = 3


class NearestUpConv(nn.Module):
    """Nearest upsampling, then a 3 x 3 convolution without bias.

    APF has two of them: 28% of the multiply-adds of RPA/APF on a grey image of 512 x 512, 9.66 of
    34.73 GMACs.
    Most taps of such a convolution read copies of the same pixel. At inference those taps are
    summed first, into one kernel for each of the factor^2 phases of the output, which leaves 4/9
    of the work for a factor of 2 and 1/4 for a factor of 4. Training computes it as published.

    Args:
        in_channels: channels of the map.
        out_channels: channels of the result.
        factor: factor of the upsampling.
    """

    def __init__(self, in_channels: int, out_channels: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.conv = conv(in_channels, out_channels, 3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return N x out_channels x (factor * H) x (factor * W)."""
        if self.training:
            return cast("Tensor", self.conv(upsample_nearest(x, self.factor)))
        kernels = phase_kernels(self.conv.weight, self.factor)
        return F.conv_transpose2d(x, kernels, stride=self.factor, padding=1)

    def merged(self) -> nn.ConvTranspose2d:
        """Return a layer that computes the same, whose kernels are summed once, in float64."""
        outputs, inputs = self.conv.weight.shape[:2]
        layer = nn.ConvTranspose2d(
            inputs, outputs, self.factor + 2, stride=self.factor, padding=1, bias=False
        )
        kernels = phase_kernels(self.conv.weight.detach().double(), self.factor)
        layer.weight = nn.Parameter(kernels.to(self.conv.weight.dtype))
        return layer


def phase_kernels(weight: Tensor, factor: int) -> Tensor:
    """Return the kernel of a transposed convolution that does both steps, I x O x (factor + 2)^2.

    Nearest upsampling is a transposed convolution with a box of ones, and two consecutive
    convolutions equal one whose kernel is the convolution of the two kernels.

    Args:
        weight: kernel of the convolution after the upsampling, O x I x 3 x 3.
        factor: factor of the upsampling.
    """
    outputs, inputs = weight.shape[:2]
    flipped = weight.flip(2, 3).transpose(0, 1).reshape(-1, 1, 3, 3)
    kernels = F.conv_transpose2d(flipped, weight.new_ones(1, 1, factor, factor))
    return kernels.view(inputs, outputs, factor + 2, factor + 2)


def _to_full_size(in_channels: int, out_channels: int, factor: int) -> nn.Sequential:
    return nn.Sequential(
        NearestUpConv(in_channels, out_channels, factor),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


class ReleasedAPF(nn.Module):
    """Fuses the levels after convolutions at full size; the channel attention starts as a no-op.

    Args:
        width: base width w of the encoder; the result has w/2 channels.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        out = fraction_of(width, 2)
        self.from_half = _to_full_size(width, out, factor=2)
        self.from_quarter = _to_full_size(width, out, factor=4)
        self.fuse = nn.Conv2d(3 * out, out, 1)
        self.channels = nn.Conv1d(1, 1, TAPS, padding=TAPS // 2, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, maps: Pyramid) -> Tensor:
        """Return N x w/2 x H x W."""
        levels = [maps.full, self.from_half(maps.half), self.from_quarter(maps.quarter)]
        fused = self.fuse(torch.cat(levels, dim=1))
        pooled = fused.amax(dim=(2, 3)).unsqueeze(1)
        sigma = self.channels(pooled).sigmoid().transpose(1, 2).unsqueeze(-1)
        return torch.addcmul(fused, fused, scale(sigma, self.gamma))


class PaperAPF(nn.Module):
    """Fuses the upsampled levels and scales every channel by 1 + sigma.

    Args:
        width: base width w of the encoder; the result has w/2 channels.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        out = fraction_of(width, 2)
        self.splits = [out, width, width]
        self.fuse = nn.Conv2d(sum(self.splits), out, 1)
        self.channels = nn.Sequential(
            nn.Conv1d(1, 1, TAPS, padding=TAPS // 2, bias=False),
            nn.ReLU(inplace=True),
            nn.Conv1d(1, 1, TAPS, padding=TAPS // 2, bias=False),
        )

    def forward(self, maps: Pyramid) -> Tensor:
        """Return N x w/2 x H x W."""
        fused = self._fused(maps)
        pooled = fused.mean(dim=(2, 3)).unsqueeze(1)
        sigma = self.channels(pooled).sigmoid().transpose(1, 2).unsqueeze(-1)
        return torch.addcmul(fused, fused, sigma)

    def _fused(self, maps: Pyramid) -> Tensor:
        """Return F as a sum: a 1 x 1 convolution of concatenated levels is a sum over the levels.

        Each level is projected at its own size, where it has 1/4 or 1/16 of the pixels, and then
        upsampled: bilinear upsampling commutes with a 1 x 1 convolution.
        """
        full, half, quarter = torch.split(self.fuse.weight, self.splits, dim=1)
        fused = F.conv2d(maps.full, full, self.fuse.bias)
        for level, weight in ((maps.half, half), (maps.quarter, quarter)):
            size = (fused.shape[-2], fused.shape[-1])
            projected = F.conv2d(level, weight)
            fused = fused + upsample(projected, size, align_corners=True)
        return fused


def apf(width: int, reading: Reading) -> ReleasedAPF | PaperAPF:
    """Return APF in the given reading; `width` is the base width of the encoder."""
    return ReleasedAPF(width) if reading == "released" else PaperAPF(width)
