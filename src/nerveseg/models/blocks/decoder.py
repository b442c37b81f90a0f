"""The decoder of CE-Net, which the baseline of the RPA/APF paper uses as well.

Gu et al., 'CE-Net: context encoder network for 2D medical image segmentation', TMI 2019, fig. 2.
"""

from typing import NamedTuple, cast

from torch import Tensor, nn

from nerveseg.models.blocks.conv import conv, conv_norm_relu, up_conv
from nerveseg.models.blocks.resnet import Features
from nerveseg.models.blocks.segmenter import fraction_of


class Pyramid(NamedTuple):
    """Maps of the decoder, for a base width w.

    Attributes:
        full: N x w/2 x H x W.
        half: N x w x H/2 x W/2; `d1` in the released model file of RPA/APF.
        quarter: N x w x H/4 x W/4; `d2` in that file.
    """

    full: Tensor
    half: Tensor
    quarter: Tensor


class DecoderBlock(nn.Sequential):
    """1 x 1 to C/4, transposed 3 x 3 with stride 2, 1 x 1, each with normalisation and ReLU."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        middle = fraction_of(in_channels, 4)
        super().__init__(
            conv_norm_relu(in_channels, middle, 1),
            up_conv(middle, middle, 3),
            nn.BatchNorm2d(middle),
            nn.ReLU(inplace=True),
            conv_norm_relu(middle, out_channels, 1),
        )


class Decoder(nn.Module):
    """Four blocks with additive skips at /16, /8 and /4 (none at /2), then up to full size.

    Args:
        in_channels: channels of the top map; a context module may have widened it.
        width: base width w of the encoder.
    """

    def __init__(self, in_channels: int, width: int) -> None:
        super().__init__()
        self.block4 = DecoderBlock(in_channels, 4 * width)
        self.block3 = DecoderBlock(4 * width, 2 * width)
        self.block2 = DecoderBlock(2 * width, width)
        self.block1 = DecoderBlock(width, width)
        self.full = nn.Sequential(
            up_conv(width, fraction_of(width, 2), 4),
            nn.ReLU(inplace=True),
            conv(fraction_of(width, 2), fraction_of(width, 2), 3),
            nn.ReLU(inplace=True),
        )

    def forward(self, top: Tensor, skips: Features) -> Pyramid:
        """Decode `top`, N x in_channels x H/32 x W/32."""
        sixteenth = self.block4(top) + skips.layer3
        eighth = self.block3(sixteenth) + skips.layer2
        quarter = self.block2(eighth) + skips.layer1
        half = self.block1(quarter)
        return Pyramid(cast("Tensor", self.full(half)), half, quarter)
