"""CPF-Net.

Feng et al., 'CPFNet: context pyramid fusion network for medical image segmentation', TMI 2020,
fig. 1, as the forward pass of the authors' code computes it; that code declares 12.6 million more
parameters, which take no part in it. Two of its connections are easily missed. The three pyramids
read the top map before SAPF; only the decoder reads SAPF's output. Each step of the decoder ends in
a ReLU, and another one follows the addition of a pyramid: relu(relu(step) + pyramid). The code asks
for steps without a ReLU (`relu=False`), but its decoder block ignores that argument.
"""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nerveseg.models.blocks.conv import conv, conv_norm_relu
from nerveseg.models.blocks.depthwise import Depthwise
from nerveseg.models.blocks.resnet import ResNet34
from nerveseg.models.blocks.segmenter import Segmenter, fraction_of
from nerveseg.models.blocks.working_precision import Upsample, scale, softmax, upsample


def _upsample(x: Tensor, size: torch.Size) -> Tensor:
    return upsample(x, (size[-2], size[-1]), align_corners=True)


class GlobalPyramidGuidance(nn.Module):
    """GPG, fig. 2: a skip connection with context from all deeper levels.

    Args:
        channels: channels of the levels, the one of this skip first, then coarser ones.
        width: channels of the result.
        rates: dilations of the separable convolutions.
    """

    def __init__(self, channels: Sequence[int], width: int, rates: Sequence[int]) -> None:
        super().__init__()
        self.levels = nn.ModuleList(conv_norm_relu(c, width, 3, bias=False) for c in channels)
        self.dilated = nn.ModuleList(
            _separable(len(channels) * width, width, dilation) for dilation in rates
        )
        # Without the ReLU, which follows the addition to the decoder's map.
        self.out = conv_norm_relu(len(rates) * width, width, 1, bias=False)[:2]

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return N x width x H x W, the size of the first of `maps`."""
        size = maps[0].shape
        finest, *deeper = [level(each) for level, each in zip(self.levels, maps, strict=True)]
        stacked = torch.cat([finest, *(_upsample(each, size) for each in deeper)], dim=1)
        return cast("Tensor", self.out(torch.cat([each(stacked) for each in self.dilated], dim=1)))


def _separable(in_channels: int, out_channels: int, dilation: int) -> nn.Sequential:
    return nn.Sequential(
        Depthwise(in_channels, 3, dilation=dilation),
        nn.BatchNorm2d(in_channels),
        conv_norm_relu(in_channels, out_channels, 1, bias=False),
    )


class ScaleAwarePyramidFusion(nn.Module):
    """SAPF, fig. 3: one kernel at dilations 1, 2 and 4, fused pairwise by pixel-wise softmax.

    Both fusions use the same selector: the authors' code declares two and runs the first twice.

    Args:
        channels: channels of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shared = conv(channels, channels, 3)
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(3))
        half = fraction_of(channels, 2)
        self.selector = nn.Sequential(
            conv(2 * channels, channels, 1),
            nn.ReLU(inplace=True),
            conv(channels, half, 3),
            nn.ReLU(inplace=True),
            nn.Conv2d(half, 2, 3, padding=1),
        )
        self.gamma = nn.Parameter(torch.zeros(1))
        self.out = conv_norm_relu(channels, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return N x C x H x W."""
        near, middle, far = self._branches(x)
        fused = self._fuse(self._fuse(near, middle), far)
        mixed = scale(fused, self.gamma) + scale(x, 1 - self.gamma)
        return cast("Tensor", self.out(F.relu(mixed)))

    def _branches(self, x: Tensor) -> list[Tensor]:
        weight, bias = self.shared.weight, self.shared.bias
        return [
            # In the authors' code only the first has a bias; normalisation cancels it anyway.
            norm(F.conv2d(x, weight, bias if rate == 1 else None, padding=rate, dilation=rate))
            for norm, rate in zip(self.norms, (1, 2, 4), strict=True)
        ]

    def _fuse(self, a: Tensor, b: Tensor) -> Tensor:
        votes = self.selector(torch.cat([a, b], dim=1))
        weight_a, weight_b = softmax(votes, dim=1).chunk(2, dim=1)
        return weight_a * a + weight_b * b


def _up(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return bilinear upsampling by 2, then 1 x 1 with normalisation and ReLU."""
    up = Upsample()
    return nn.Sequential(up, conv_norm_relu(in_channels, out_channels, 1, bias=False))


def _up_step(in_channels: int, out_channels: int) -> nn.Sequential:
    mix = conv_norm_relu(in_channels, in_channels, 3, bias=False)
    return nn.Sequential(mix, _up(in_channels, out_channels))


class CPFNet(Segmenter):
    """ResNet-34, SAPF on the top map, GPG skips at /4, /8 and /16, the stem's skip at /2.

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
        channels = self.encoder.channels[1:]
        self.sapf = ScaleAwarePyramidFusion(channels[-1])
        self.guides = nn.ModuleList(
            GlobalPyramidGuidance(channels[level:], channels[level], rates)
            for level, rates in enumerate([(1, 2, 4, 8), (1, 2, 4), (1, 2)])
        )
        self.steps = nn.ModuleList(
            [
                _up_step(width, width),
                _up_step(channels[1], width),
                _up_step(channels[2], channels[1]),
                _up(channels[3], channels[2]),
            ]
        )
        head = fraction_of(width, 2)
        self.head = nn.Sequential(
            conv_norm_relu(width, head, 1, bias=False),
            conv_norm_relu(head, head, 3, bias=False),
            nn.Conv2d(head, 1, 1),
        )

    def segment(self, image: Tensor) -> Tensor:
        """Return logits N x 1 x H x W."""
        features = self.encoder(image)
        x = self.sapf(features.layer4)
        for level in (2, 1, 0):
            guide = self.guides[level](features[level + 1 :])  # the top map, not SAPF's output
            x = F.relu(self.steps[level + 1](x) + guide)
        x = self.steps[0](x) + features.stem
        return cast("Tensor", self.head(_upsample(x, image.shape)))
