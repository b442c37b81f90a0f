"""ResNet-34 as an encoder: no global pooling and no classifier, with torchvision's layer names.

He et al., 'Deep residual learning for image recognition', CVPR 2016, table 1.
"""

from typing import Literal, NamedTuple, cast

from torch import Tensor, nn

from nerveseg.models.blocks.conv import conv
from nerveseg.models.blocks.pretrained import load_encoder
from nerveseg.models.blocks.segmenter import check_width

DEPTHS = (3, 4, 6, 3)


class Features(NamedTuple):
    """Maps of the encoder at /2, /4, /8, /16 and /32; at output stride 8, /8 from `layer2` on.

    They have w, w, 2w, 4w and 8w channels for a base width w.
    """

    stem: Tensor
    layer1: Tensor
    layer2: Tensor
    layer3: Tensor
    layer4: Tensor


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions and a shortcut (fig. 5, left).

    Args:
        in_channels: channels of the input.
        channels: channels of the output.
        stride: stride of the first convolution.
        dilations: dilations of the two convolutions.
    """

    def __init__(
        self, in_channels: int, channels: int, stride: int, dilations: tuple[int, int]
    ) -> None:
        super().__init__()
        first, second = dilations
        self.conv1 = conv(in_channels, channels, 3, stride=stride, dilation=first, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv(channels, channels, 3, dilation=second, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or in_channels != channels:
            self.downsample = nn.Sequential(
                conv(in_channels, channels, 1, stride=stride, bias=False),
                nn.BatchNorm2d(channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(F(x) + shortcut(x)), with H and W divided by the stride."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out = out + (x if self.downsample is None else self.downsample(x))
        return cast("Tensor", self.relu(out))


class ResNet34(nn.Module):
    """The encoder of all networks here that have a pretrained one.

    Args:
        in_channels: channels of the image.
        width: base width; 64 is the paper's, and the only one with pretrained weights.
        weights: `imagenet`, `none`, or the path of a file with torchvision's layer names.
        output_stride: 32, or 8 with dilations 2 and 4 in the last two layers (DA-Net).

    Raises:
        InputError: the width is too small, or the weights cannot be obtained or do not fit.
    """

    def __init__(
        self,
        in_channels: int = 1,
        width: int = 64,
        weights: str = "none",
        output_stride: Literal[8, 32] = 32,
    ) -> None:
        super().__init__()
        check_width(width)
        self.channels = (width, width, 2 * width, 4 * width, 8 * width)
        self.conv1 = conv(in_channels, width, 7, stride=2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        dilations = (1, 1, 2, 4) if output_stride == 8 else (1, 1, 1, 1)  # noqa: PLR2004
        layers = [
            _layer(self.channels[level], self.channels[level + 1], depth, level > 0, dilation)
            for level, (depth, dilation) in enumerate(zip(DEPTHS, dilations, strict=True))
        ]
        self.layer1, self.layer2, self.layer3, self.layer4 = layers
        load_encoder(self, weights)

    def forward(self, image: Tensor) -> Features:
        """Return the maps of all five levels; `image` is N x C x H x W, float."""
        stem = self.relu(self.bn1(self.conv1(image)))
        layer1 = self.layer1(self.maxpool(stem))
        layer2 = self.layer2(layer1)
        layer3 = self.layer3(layer2)
        return Features(stem, layer1, layer2, layer3, self.layer4(layer3))


def _layer(
    in_channels: int, channels: int, depth: int, halve: bool, dilation: int
) -> nn.Sequential:
    # A dilation replaces a stride. The first convolution reads the denser grid of the layer before,
    # so it has half the dilation (Yu et al., 'Dilated residual networks', CVPR 2017).
    stride = 2 if halve and dilation == 1 else 1
    first = max(1, dilation // 2)
    blocks = [BasicBlock(in_channels, channels, stride, (first, dilation))]
    blocks += [BasicBlock(channels, channels, 1, (dilation, dilation)) for _ in range(depth - 1)]
    return nn.Sequential(*blocks)
