"""U-Net.

Ronneberger et al., 'U-Net: convolutional networks for biomedical image segmentation', MICCAI
2015, fig. 1, in the form that comparisons use today: 'same' padding, batch normalisation, and
nearest upsampling with a 3 x 3 convolution instead of the 2 x 2 up-convolution.
"""

from typing import cast

from torch import Tensor, nn

from nerveseg.models.blocks.segmenter import Segmenter, check_width
from nerveseg.models.blocks.unet_parts import UNetDecoder, UNetEncoder, level_widths


class UNet(Segmenter):
    """Five levels, skips by concatenation, a 1 x 1 head.

    Args:
        in_channels: channels of the image.
        width: channels of the first level; 64 in the paper, which makes 1024 at the bottom.
    """

    def __init__(self, in_channels: int = 1, *, width: int = 64) -> None:
        super().__init__()
        widths = level_widths(check_width(width))
        self.encoder = UNetEncoder(in_channels, widths)
        self.decoder = UNetDecoder(widths)
        self.head = nn.Conv2d(width, 1, 1)

    def segment(self, image: Tensor) -> Tensor:
        """Return logits N x 1 x H x W."""
        return cast("Tensor", self.head(self.decoder(self.encoder(image))))
