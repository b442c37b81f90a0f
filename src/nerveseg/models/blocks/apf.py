"""APF, adaptive pyramid fusion: three decoder levels at full size, re-weighted by channel.

Wu et al., AAAI 2021 (see `rpa`). Two readings here as well:

| | `paper` (the equations) | `released` (the model file) |
|---|---|---|
| levels to full size | bilinear | nearest, then 3 x 3 + norm + ReLU to equal width |
| pooling | average | maximum |
| 1-D convolutions | two (a ReLU between them, or they would be one) | one, k = 3, no bias |
| result | F + F * sigma | F + gamma * F * sigma, gamma 0 at the start |

F is the 1 x 1 fusion of the concatenated levels; channel attention as in ECA (Wang et al. 2020).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nerveseg.models.blocks.conv import conv_norm_relu
from nerveseg.models.blocks.decoder import Pyramid
from nerveseg.models.blocks.rpa import Reading
from nerveseg.models.blocks.segmenter import part

KERNEL = 3


class ReleasedAPF(nn.Module):
    """Fusion after full-size convolutions; its channel attention starts as a no-op.

    Args:
        width: w, the encoder's base width; maps leave with w/2 channels.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        out = part(width, 2)
        self.from_half = conv_norm_relu(width, out, 3, bias=False)
        self.from_quarter = conv_norm_relu(width, out, 3, bias=False)
        self.fuse = nn.Conv2d(3 * out, out, 1)
        self.channels = nn.Conv1d(1, 1, KERNEL, padding=KERNEL // 2, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, maps: Pyramid) -> Tensor:
        """Return N x w/2 x H x W."""
        half = self.from_half(F.interpolate(maps.half, scale_factor=2))
        quarter = self.from_quarter(F.interpolate(maps.quarter, scale_factor=4))
        fused = self.fuse(torch.cat([maps.full, half, quarter], dim=1))
        pooled = fused.amax(dim=(2, 3)).unsqueeze(1)
        scale = self.channels(pooled).sigmoid().transpose(1, 2).unsqueeze(-1)
        return torch.addcmul(fused, fused, self.gamma * scale)


class PaperAPF(nn.Module):
    """Fusion of upsampled levels; every channel is scaled by 1 + sigma.

    Args:
        width: w, the encoder's base width; maps leave with w/2 channels.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        out = part(width, 2)
        self.splits = [out, width, width]
        self.fuse = nn.Conv2d(sum(self.splits), out, 1)
        self.channels = nn.Sequential(
            nn.Conv1d(1, 1, KERNEL, padding=KERNEL // 2, bias=False),
            nn.ReLU(inplace=True),
            nn.Conv1d(1, 1, KERNEL, padding=KERNEL // 2, bias=False),
        )

    def forward(self, maps: Pyramid) -> Tensor:
        """Return N x w/2 x H x W."""
        fused = self._fused(maps)
        pooled = fused.mean(dim=(2, 3)).unsqueeze(1)
        scale = self.channels(pooled).sigmoid().transpose(1, 2).unsqueeze(-1)
        return torch.addcmul(fused, fused, scale)

    def _fused(self, maps: Pyramid) -> Tensor:
        """Return F by its summands: a 1 x 1 convolution of a concatenation is a sum over levels.

        Each level is projected at its own size, where it has 1/4 or 1/16 of the pixels, and
        upsampled then: bilinear upsampling commutes with a 1 x 1 convolution.
        """
        full, half, quarter = torch.split(self.fuse.weight, self.splits, dim=1)
        fused = F.conv2d(maps.full, full, self.fuse.bias)
        for level, weight in ((maps.half, half), (maps.quarter, quarter)):
            size = (fused.shape[-2], fused.shape[-1])
            projected = F.conv2d(level, weight)
            fused = fused + F.interpolate(projected, size, mode="bilinear", align_corners=True)
        return fused


def apf(width: int, reading: Reading) -> ReleasedAPF | PaperAPF:
    """Return the module in the reading asked for; `width` is the encoder's base width."""
    return ReleasedAPF(width) if reading == "released" else PaperAPF(width)
