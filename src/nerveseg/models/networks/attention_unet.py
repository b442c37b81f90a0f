"""Attention U-Net.

Oktay et al., 'Attention U-Net: learning where to look for the pancreas', MIDL 2018, figs. 1 and 2.
The widely used ports and the authors' release (its network for single attention, in 3-D) differ:

| | `port` | `authors` (the release) |
|---|---|---|
| gated skips | all four | three; the finest one is not gated |
| gating map | the decoder's map after upsampling | the decoder's map before upsampling |
| grid of the attention | that of the skip | the coarser one; the weights are upsampled |
| channels F_int | C/2 | C |
| normalisation | after W_x, W_g and psi | none there |
| after the gate | nothing | 1 x 1 + norm, then 1 x 1 + norm + ReLU |

As in the release, the coarsest map passes through 1 x 1 + norm + ReLU before it gates. Two parts of
the release are left out: its deep supervision, which fuses a head on each level of the decoder into
the logits, and its own encoder and decoder. Both forms have those of `unet`.
"""

from typing import Literal, cast

import torch.nn.functional as F
from torch import Tensor, nn

from nerveseg.models.blocks.conv import conv, conv_norm_relu
from nerveseg.models.blocks.segmenter import Segmenter, check_width, fraction_of
from nerveseg.models.blocks.unet_parts import UNetDecoder, UNetEncoder, level_widths
from nerveseg.models.blocks.working_precision import upsample

Gating = Literal["port", "authors"]


class AttentionGate(nn.Module):
    """The gate of the ports, eq. 1 and 2: alpha = sigmoid(psi(relu(W_x x + W_g g))), x * alpha.

    Args:
        channels: channels of the skip x and of the gating map g; F_int is half of that.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = fraction_of(channels, 2)
        self.w_x = nn.Sequential(conv(channels, inner, 1), nn.BatchNorm2d(inner))
        self.w_g = nn.Sequential(conv(channels, inner, 1), nn.BatchNorm2d(inner))
        self.psi = nn.Sequential(conv(inner, 1, 1), nn.BatchNorm2d(1), nn.Sigmoid())
        self.relu = nn.ReLU(inplace=True)

    def forward(self, skip: Tensor, gating: Tensor) -> Tensor:
        """Return the skip, N x C x H x W, weighted pixel by pixel; `gating` has the same shape."""
        return cast("Tensor", skip * self.psi(self.relu(self.w_x(skip) + self.w_g(gating))))


class GridAttentionGate(nn.Module):
    """The gate of the authors' release, whose weights are computed on the gating map's grid.

    Args:
        channels: channels C of the skip and F_int; the gating map has 2C.
        coarsest: pass the gating map through a convolution of its own first.
    """

    def __init__(self, channels: int, *, coarsest: bool = False) -> None:
        super().__init__()
        twice = 2 * channels
        self.signal = conv_norm_relu(twice, twice, 1) if coarsest else nn.Identity()
        self.w_x = nn.Conv2d(channels, channels, 2, stride=2, bias=False)
        nn.init.kaiming_normal_(self.w_x.weight, nonlinearity="relu")
        self.w_g = conv(twice, channels, 1)
        self.psi = nn.Conv2d(channels, 1, 1)
        self.out = conv_norm_relu(channels, channels, 1)[:2]
        self.combine = conv_norm_relu(channels, channels, 1)

    def forward(self, skip: Tensor, gating: Tensor) -> Tensor:
        """Return N x C x H x W; `gating` is N x 2C x H/2 x W/2."""
        added = F.relu(self.w_x(skip) + self.w_g(self.signal(gating)))
        alpha = self.psi(added).sigmoid()
        size = (skip.shape[-2], skip.shape[-1])
        gated = skip * upsample(alpha, size)
        return cast("Tensor", self.combine(self.out(gated)))


class Ungated(nn.Module):
    """Passes a skip on unchanged."""

    def forward(self, skip: Tensor, gating: Tensor) -> Tensor:
        """Return the skip."""
        return skip


class AttentionUNet(Segmenter):
    """U-Net with gates on its skips.

    Args:
        in_channels: channels of the image.
        width: channels of the first level; 64 in the comparison of the RPA/APF paper.
        gating: `port` has the gates of the widely used ports, `authors` those of the release.
    """

    def __init__(self, in_channels: int = 1, *, width: int = 64, gating: Gating = "port") -> None:
        super().__init__()
        widths = level_widths(check_width(width))
        self.encoder = UNetEncoder(in_channels, widths)
        skips = widths[:-1]
        gates: list[nn.Module]
        if gating == "port":
            gates = [AttentionGate(channels) for channels in skips]
        else:
            grid = [GridAttentionGate(each, coarsest=each == skips[-1]) for each in skips[1:]]
            gates = [Ungated(), *grid]
        self.decoder = UNetDecoder(widths, gates, gate_first=gating == "authors")
        self.head = nn.Conv2d(width, 1, 1)

    def segment(self, image: Tensor) -> Tensor:
        """Return logits N x 1 x H x W."""
        return cast("Tensor", self.head(self.decoder(self.encoder(image))))
