"""The four rows of the RPA/APF paper's ablation (table 1) as one composition."""

from typing import cast

from torch import Tensor, nn

from nerveseg.models.blocks.apf import apf
from nerveseg.models.blocks.decoder import Decoder
from nerveseg.models.blocks.resnet import ResNet34
from nerveseg.models.blocks.rpa import Reading, rpa
from nerveseg.models.blocks.segmenter import Segmenter, part


class Ablation(Segmenter):
    """ResNet-34, [RPA on the top map], CE-Net's decoder, [APF on three levels], 3 x 3 to logits.

    Args:
        in_channels: of the image.
        width: the encoder's base width; 64 in the paper.
        encoder_weights: `imagenet`, `none` or a path.
        with_rpa: the reading of RPA; None to leave it out.
        with_apf: the reading of APF; None to leave it out.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        encoder_weights: str,
        *,
        with_rpa: Reading | None = None,
        with_apf: Reading | None = None,
    ) -> None:
        super().__init__()
        self.encoder = ResNet34(in_channels, width, encoder_weights)
        top = self.encoder.channels[-1]
        self.rpa = rpa(top, with_rpa) if with_rpa else None
        self.decoder = Decoder(self.rpa.out_channels if self.rpa else top, width)
        self.apf = apf(width, with_apf) if with_apf else None
        self.head = nn.Conv2d(part(width, 2), 1, 3, padding=1)

    def segment(self, image: Tensor) -> Tensor:
        """Return logits N x 1 x H x W."""
        features = self.encoder(image)
        top = self.rpa(features.layer4) if self.rpa else features.layer4
        maps = self.decoder(top, features)
        return cast("Tensor", self.head(self.apf(maps) if self.apf else maps.full))
