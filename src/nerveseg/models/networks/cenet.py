"""CE-Net.

Gu et al., 'CE-Net: context encoder network for 2D medical image segmentation', TMI 2019, fig. 2.
"""

from typing import Final, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nerveseg.models.blocks.conv import conv
from nerveseg.models.blocks.decoder import Decoder
from nerveseg.models.blocks.resnet import ResNet34
from nerveseg.models.blocks.segmenter import Segmenter, fraction_of
from nerveseg.models.blocks.working_precision import upsample

POOLS: Final = (2, 3, 5, 6)


class DenseAtrousConvolution(nn.Module):
    """DAC, fig. 3: four cascades with fields of view 3, 7, 9 and 19, added to the input.

    The cascades share their convolutions, and there is no normalisation, as in the authors' code.

    Args:
        channels: channels of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.rate1 = conv(channels, channels, 3, dilation=1)
        self.rate3 = conv(channels, channels, 3, dilation=3)
        self.rate5 = conv(channels, channels, 3, dilation=5)
        self.mix = conv(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return N x C x H x W."""
        branch1 = self.rate1(x)
        branch2 = self.mix(self.rate3(x))
        branch3 = self.mix(self.rate3(self.rate1(x)))
        branch4 = self.mix(self.rate5(self.rate3(self.rate1(x))))
        return x + F.relu(branch1) + F.relu(branch2) + F.relu(branch3) + F.relu(branch4)


class ResidualMultiKernelPooling(nn.Module):
    """RMP, fig. 4: four poolings, each reduced to one channel and upsampled, beside the input.

    A map smaller than a window, of an image below 192 pixels, is pooled as a whole; the authors'
    code refuses it.

    Args:
        channels: channels of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.out_channels = channels + len(POOLS)
        self.squeeze = nn.Conv2d(channels, 1, 1)  # shared by the four poolings

    def forward(self, x: Tensor) -> Tensor:
        """Return N x (4 + C) x H x W."""
        size = (x.shape[-2], x.shape[-1])
        levels = []
        for kernel in POOLS:
            window = (min(kernel, size[0]), min(kernel, size[1]))
            pooled = self.squeeze(F.max_pool2d(x, window))
            levels.append(upsample(pooled, size))
        return torch.cat([*levels, x], dim=1)


class CENet(Segmenter):
    """ResNet-34, DAC and RMP on the top map, a decoder with additive skips.

    Args:
        in_channels: channels of the image.
        width: base width of the encoder; 64 in the paper.
        encoder_weights: `imagenet`, `none`, or the path of a file with torchvision's layer names.
    """

    def __init__(
        self, in_channels: int = 1, *, width: int = 64, encoder_weights: str = "none"
    ) -> None:
        super().__init__()
        self.encoder = ResNet34(in_channels, width, encoder_weights)
        top = self.encoder.channels[-1]
        self.dac = DenseAtrousConvolution(top)
        self.rmp = ResidualMultiKernelPooling(top)
        self.decoder = Decoder(self.rmp.out_channels, width)
        self.head = nn.Conv2d(fraction_of(width, 2), 1, 3, padding=1)

    def segment(self, image: Tensor) -> Tensor:
        """Return logits N x 1 x H x W."""
        features = self.encoder(image)
        top = self.rmp(self.dac(features.layer4))
        return cast("Tensor", self.head(self.decoder(top, features).full))
