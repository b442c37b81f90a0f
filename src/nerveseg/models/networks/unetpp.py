"""U-Net++.

Zhou et al., 'UNet++: a nested U-Net architecture for medical image segmentation', DLMIA 2018,
fig. 1a: nodes X^{i,j}, level i down the encoder, j along the dense skip.
"""

from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from nerveseg.models.blocks.segmenter import Logits, Segmenter, check_width
from nerveseg.models.blocks.unet_parts import UNetEncoder, double_conv, level_widths
from nerveseg.models.blocks.working_precision import Upsample


class UNetPlusPlus(Segmenter):
    """Five levels of nested, densely connected nodes.

    Args:
        in_channels: channels of the image.
        width: channels of the first level; 32 in the paper, which makes 512 at the bottom.
        deep_supervision: put a 1 x 1 head on each of X^{0,1}..X^{0,4} and train on the losses of
            all, which `train.heads` combines; in training mode the logits of X^{0,4}, the
            prediction, come first.
    """

    def __init__(
        self, in_channels: int = 1, *, width: int = 32, deep_supervision: bool = False
    ) -> None:
        super().__init__()
        widths = level_widths(check_width(width))
        self.encoder = UNetEncoder(in_channels, widths)
        self.nodes = nn.ModuleList(
            nn.ModuleList(
                double_conv(j * widths[i] + widths[i + 1], widths[i])
                for i in range(len(widths) - j)
            )
            for j in range(1, len(widths))
        )
        self.up = Upsample()
        heads = len(widths) - 1 if deep_supervision else 1
        self.heads = nn.ModuleList(nn.Conv2d(width, 1, 1) for _ in range(heads))

    def segment(self, image: Tensor) -> Logits:
        """Return logits N x 1 x H x W; four of them in training with deep supervision."""
        # rows[i] holds X^{i,0}, X^{i,1}, ...
        rows = [[node] for node in self.encoder(image)]
        for column in cast("Iterable[nn.ModuleList]", self.nodes):
            for level, node in enumerate(column):
                # Eq. 1: H([X^{i,0} .. X^{i,j-1}, U(X^{i+1,j-1})])
                below = self.up(rows[level + 1][-1])
                rows[level].append(node(torch.cat([*rows[level], below], dim=1)))
        deepest_first = rows[0][:0:-1]
        logits: list[Tensor] = [
            head(node) for head, node in zip(self._heads_in_use(), deepest_first, strict=False)
        ]
        return tuple(logits) if len(logits) > 1 else logits[0]

    def _heads_in_use(self) -> nn.ModuleList:
        return self.heads if self.training else self.heads[:1]
