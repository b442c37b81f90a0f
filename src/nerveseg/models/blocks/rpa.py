"""RPA, region-aware pyramid aggregation: attention between pixels by the regions they lie in.

Wu et al., 'Region-aware global context modeling for automatic nerve segmentation from ultrasound
images', AAAI 2021; eq. 1 to 8 define RPA and APF (`apf`). There are two readings, because the
text and the authors' published model file differ:

| | `paper` (the equations) | `released` (the model file) |
|---|---|---|
| after a region's 1 x 1 | ReLU | nothing |
| query and key | one pair per region size, C/4 | shared by the three sizes, C/32 |
| result | CONCAT(X, S_1, S_2, S_3) | X + gamma * fuse(S_1, S_2, S_3), gamma 0 at the start |

The paper reshapes each S_k to C x H x W, but it has C/4 x H x W elements, and that is its shape
here. The released file always upsamples to 16 x 16; here it is the map's own size.

Eq. 5 is V x Omega, but the text leaves open over which axis of Omega its softmax runs. If it is the
one that the product sums over (`summed`), every pixel receives a weighted mean of V. That is the
released file's V x Omega^T with a softmax over rows, where query and key have changed places. A
literal softmax over rows (`row`) is another function: the weights with which a pixel gives its
value to the others sum to 1, and those that it receives do not.
"""

from typing import Final, Literal

import torch
from torch import Tensor, nn

from nerveseg.errors import InputError
from nerveseg.models.blocks.attention import attend, attention
from nerveseg.models.blocks.conv import conv_norm_relu
from nerveseg.models.blocks.pooling import region_means
from nerveseg.models.blocks.segmenter import fraction_of
from nerveseg.models.blocks.working_precision import scale, upsample

Reading = Literal["released", "paper"]
Softmax = Literal["summed", "row"]
REGIONS: Final = (3, 7, 11)


class RegionAttention(nn.Module):
    """The S_k of both readings: the values of X, weighted by the similarity of regions.

    Args:
        channels: channels C of the top map X.
        reading: `released` or `paper`.
        softmax: the axis of Omega whose weights sum to 1, `summed` or `row`.
    """

    def __init__(self, channels: int, reading: Reading, softmax: Softmax = "summed") -> None:
        super().__init__()
        self.softmax = softmax
        inner = fraction_of(channels, 4)
        shared = reading == "released"
        narrow = fraction_of(channels, 32) if shared else inner
        count = 1 if shared else len(REGIONS)
        self.activation = nn.Identity() if shared else nn.ReLU(inplace=True)
        self.regions = nn.ModuleList(nn.Conv2d(channels, inner, 1) for _ in REGIONS)
        self.queries = nn.ModuleList(nn.Conv2d(inner, narrow, 1) for _ in range(count))
        self.keys = nn.ModuleList(nn.Conv2d(inner, narrow, 1) for _ in range(count))
        self.value = nn.Conv2d(channels, inner, 1)

    def weights(self, x: Tensor, level: int) -> Tensor:
        """Return softmax(Q^T K) of one region size, N x HW x HW; every row sums to 1."""
        region = self.activation(self.regions[level](region_means(x, REGIONS[level])))
        own = level % len(self.queries)
        # Project the k x k tokens, then upsample: a 1 x 1 convolution commutes with bilinear
        # upsampling, whose weights sum to 1. The softmax does not; it runs over all H * W pixels.
        tokens = torch.cat([self.queries[own](region), self.keys[own](region)], dim=1)
        size = (x.shape[-2], x.shape[-1])
        pixels = upsample(tokens, size, align_corners=True)
        query, key = pixels.chunk(2, dim=1)
        return attention(query, key)

    def forward(self, x: Tensor) -> Tensor:
        """Return CONCAT(S_1, S_2, S_3), N x 3C/4 x H x W, of the top map `x`, N x C x H x W."""
        value = self.value(x)
        maps = [self._aggregate(value, self.weights(x, level)) for level in range(len(REGIONS))]
        return torch.cat(maps, dim=1)

    def _aggregate(self, value: Tensor, weights: Tensor) -> Tensor:
        return attend(value, weights.transpose(1, 2) if self.softmax == "row" else weights)


class ReleasedRPA(nn.Module):
    """X + gamma * fuse(S): a no-op at initialisation, where gamma is 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.out_channels = channels
        self.attention = RegionAttention(channels, "released")
        self.fuse = conv_norm_relu(len(REGIONS) * fraction_of(channels, 4), channels, 3, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Return N x C x H x W."""
        return x + scale(self.fuse(self.attention(x)), self.gamma)


class PaperRPA(nn.Module):
    """CONCAT(X, S_1, S_2, S_3); the first block of the decoder takes the wider map."""

    def __init__(self, channels: int, softmax: Softmax = "summed") -> None:
        super().__init__()
        self.out_channels = channels + len(REGIONS) * fraction_of(channels, 4)
        self.attention = RegionAttention(channels, "paper", softmax)

    def forward(self, x: Tensor) -> Tensor:
        """Return N x (C + 3C/4) x H x W."""
        return torch.cat([x, self.attention(x)], dim=1)


def rpa(channels: int, reading: Reading, softmax: Softmax = "summed") -> ReleasedRPA | PaperRPA:
    """Return RPA in the given reading.

    Args:
        channels: channels of the encoder's top map.
        reading: `released` or `paper`.
        softmax: axis of the softmax; `row` exists in the paper's reading alone.

    Raises:
        InputError: the released file has no softmax over this axis.
    """
    if reading == "paper":
        return PaperRPA(channels, softmax)
    if softmax != "summed":
        raise InputError(f"softmax: {softmax} needs reading: paper, not {reading}")
    return ReleasedRPA(channels)
