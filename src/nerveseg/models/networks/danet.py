"""DA-Net.

Fu et al., 'Dual attention network for scene segmentation', CVPR 2019, figs. 2 and 3. The paper, the
authors' code and this module differ:

- The paper and the code use ResNet-50 and ResNet-101. Here, the encoder is ResNet-34, like that of
  the baseline, CE-Net and CPF-Net, dilated to an output stride of 8.
- The command that tests their ResNet-101 gives the last layer a multi-grid: dilations 4, 8 and 16
  in its three blocks. Here, all of its blocks have dilation 4.
- Queries and keys have C channels in the paper, and C/8 in the code and here.
- The code subtracts the channels' energies from their maximum, and so does this module; eq. 3 does
  not.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nerveseg.models.blocks.attention import attend, attention
from nerveseg.models.blocks.conv import conv_norm_relu
from nerveseg.models.blocks.resnet import ResNet34
from nerveseg.models.blocks.segmenter import Logits, Segmenter, fraction_of
from nerveseg.models.blocks.working_precision import scale, softmax


class PositionAttention(nn.Module):
    """Fig. 3A: every pixel aggregates the pixels that are similar to it.

    Args:
        channels: channels C of the map; queries and keys have C/8.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, fraction_of(channels, 8), 1)
        self.key = nn.Conv2d(channels, fraction_of(channels, 8), 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.alpha = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Return N x C x H x W, weights by eq. 1, sum by eq. 2; the identity while alpha is 0."""
        weights = attention(self.query(x), self.key(x))
        return x + scale(attend(self.value(x), weights), self.alpha)


class ChannelAttention(nn.Module):
    """Fig. 3B: every channel aggregates the other channels."""

    def __init__(self) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.zeros(1))

    def weights(self, x: Tensor) -> Tensor:
        """Return eq. 3, N x C x C; every row sums to 1.

        As in the authors' code, the energy is subtracted from the maximum of its row, so each
        channel aggregates those that are unlike it; eq. 3 has no such step.
        """
        flat = x.flatten(2)
        energy = flat @ flat.transpose(1, 2)
        return softmax(energy.amax(dim=-1, keepdim=True) - energy, dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        """Return N x C x H x W (eq. 4); the identity while beta is 0."""
        return x + scale((self.weights(x) @ x.flatten(2)).view(x.shape), self.beta)


class DANet(Segmenter):
    """Dilated ResNet-34 and two attention branches, summed.

    Args:
        in_channels: channels of the image.
        width: base width of the encoder; 64 for ResNet-34.
        encoder_weights: `imagenet`, `none`, or the path of a file with torchvision's layer names.
        deep_supervision: add the paper's heads on the two branches to the head on their sum; in
            training mode the logits are (sum, position, channel). The first is the prediction.
    """

    def __init__(
        self,
        in_channels: int = 1,
        *,
        width: int = 64,
        encoder_weights: str = "none",
        deep_supervision: bool = True,
    ) -> None:
        super().__init__()
        self.encoder = ResNet34(in_channels, width, encoder_weights, output_stride=8)
        top = self.encoder.channels[-1]
        inner = fraction_of(top, 4)
        self.position = _branch(top, inner, PositionAttention(inner))
        self.channel = _branch(top, inner, ChannelAttention())
        heads = 3 if deep_supervision else 1
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Dropout2d(0.1), nn.Conv2d(inner, 1, 1)) for _ in range(heads)
        )

    def segment(self, image: Tensor) -> Logits:
        """Return logits N x 1 x H x W; three of them in training with deep supervision."""
        top = self.encoder(image).layer4
        position, channel = self.position(top), self.channel(top)
        heads = self.heads if self.training else self.heads[:1]
        maps = (position + channel, position, channel)
        size = (image.shape[-2], image.shape[-1])
        # Not `working_precision.upsample`: one channel of float32 is cheap, and the loss reads it.
        logits = [
            F.interpolate(head(each), size=size, mode="bilinear", align_corners=True)
            for head, each in zip(heads, maps, strict=False)
        ]
        return tuple(logits) if len(logits) > 1 else logits[0]


def _branch(top: int, inner: int, attending: nn.Module) -> nn.Sequential:
    return nn.Sequential(
        conv_norm_relu(top, inner, 3, bias=False),
        attending,
        conv_norm_relu(inner, inner, 3, bias=False),
    )
