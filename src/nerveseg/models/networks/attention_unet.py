"""Attention U-Net.

Oktay et al., 'Attention U-Net: learning where to look for the pancreas', MIDL 2018, figs. 1 and 2,
in the form of the widely used ports: all four skips are gated, at the skip's resolution, on the map
that has just been upsampled to it, with batch normalisation throughout. The authors' release gates
three skips (not the finest) on the coarser grid, without normalisation in the additive path, and
trains with deep supervision.
"""

from typing import cast

from torch import Tensor, nn

from nerveseg.models.blocks.conv import conv
from nerveseg.models.blocks.segmenter import Segmenter, check_width, fraction_of
from nerveseg.models.blocks.unet_parts import UNetDecoder, UNetEncoder, level_widths


class AttentionGate(nn.Module):
    """Additive attention, eq. 1 and 2: alpha = sigmoid(psi(relu(W_x x + W_g g))), x * alpha.

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


class AttentionUNet(Segmenter):
    """U-Net with a gate on each of its four skips.

    Args:
        in_channels: channels of the image.
        width: channels of the first level; 64 in the comparison of the RPA/APF paper.
    """

    def __init__(self, in_channels: int = 1, *, width: int = 64) -> None:
        super().__init__()
        widths = level_widths(check_width(width))
        self.encoder = UNetEncoder(in_channels, widths)
        self.decoder = UNetDecoder(widths, [AttentionGate(channels) for channels in widths[:-1]])
        self.head = nn.Conv2d(width, 1, 1)

    def segment(self, image: Tensor) -> Tensor:
        """Return logits N x 1 x H x W."""
        return cast("Tensor", self.head(self.decoder(self.encoder(image))))
