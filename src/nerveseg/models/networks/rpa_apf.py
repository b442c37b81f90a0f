"""RPA/APF, the main network of this project, and the three other networks of its ablation.

Wu et al., 'Region-aware global context modeling for automatic nerve segmentation from ultrasound
images', AAAI 2021, table 1.

The text has a ResNet-34 pretrained on ImageNet. The authors' model file replaces its 7 x 7 stem by
a new, random one; here `encoder_weights` fills the stem as well, in both readings.
"""

from typing import ClassVar, cast

from torch import Tensor, nn

from nerveseg.models.blocks.apf import apf
from nerveseg.models.blocks.decoder import Decoder
from nerveseg.models.blocks.resnet import ResNet34
from nerveseg.models.blocks.rpa import Reading, Softmax, rpa
from nerveseg.models.blocks.segmenter import Segmenter, fraction_of


class RpaApf(Segmenter):
    """Baseline + RPA + APF, the fourth row.

    ResNet-34, RPA on its coarsest map, CE-Net's decoder, APF on the three finest levels of the
    decoder, and a 3 x 3 convolution to logits. The other rows leave out RPA, APF or both.

    Args:
        in_channels: channels of the image.
        width: base width w of the encoder; 64 in the paper.
        encoder_weights: `imagenet`, `none`, or the path of a file with torchvision's layer names.
        reading: `released` follows the authors' published model file, `paper` follows the
            equations; `blocks.rpa` and `blocks.apf` list the differences.
        softmax: axis of RPA's softmax in the paper's reading, `summed` or `row` (see `blocks.rpa`).

    Raises:
        InputError: `row` is asked of the released reading.
    """

    with_rpa: ClassVar[bool] = True
    with_apf: ClassVar[bool] = True

    def __init__(
        self,
        in_channels: int = 1,
        *,
        width: int = 64,
        encoder_weights: str = "none",
        reading: Reading = "released",
        softmax: Softmax = "summed",
    ) -> None:
        super().__init__()
        self.encoder = ResNet34(in_channels, width, encoder_weights)
        top_channels = self.encoder.channels[-1]
        self.rpa = rpa(top_channels, reading, softmax) if self.with_rpa else None
        self.decoder = Decoder(self.rpa.out_channels if self.rpa else top_channels, width)
        self.apf = apf(width, reading) if self.with_apf else None
        self.head = nn.Conv2d(fraction_of(width, 2), 1, 3, padding=1)

    def segment(self, image: Tensor) -> Tensor:
        """Return logits N x 1 x H x W."""
        features = self.encoder(image)  # /2 .. /32, w .. 8w channels
        top = self.rpa(features.layer4) if self.rpa else features.layer4
        maps = self.decoder(top, features)  # full, half and quarter size
        fused = self.apf(maps) if self.apf else maps.full  # N x w/2 x H x W
        return cast("Tensor", self.head(fused))


class BaselineRPA(RpaApf):
    """Baseline + RPA, the second row; takes the arguments of `RpaApf`."""

    with_apf = False


class BaselineAPF(RpaApf):
    """Baseline + APF, the third row.

    Args:
        in_channels: channels of the image.
        width: base width of the encoder; 64 in the paper.
        encoder_weights: `imagenet`, `none`, or the path of a file with torchvision's layer names.
        reading: `released` or `paper`, as in `RpaApf`.
    """

    with_rpa = False

    def __init__(
        self,
        in_channels: int = 1,
        *,
        width: int = 64,
        encoder_weights: str = "none",
        reading: Reading = "released",
    ) -> None:
        super().__init__(in_channels, width=width, encoder_weights=encoder_weights, reading=reading)


class Baseline(RpaApf):
    """The first row: encoder and decoder with additive skips, neither RPA nor APF.

    Args:
        in_channels: channels of the image.
        width: base width of the encoder; 64 in the paper.
        encoder_weights: `imagenet`, `none`, or the path of a file with torchvision's layer names.
    """

    with_rpa = False
    with_apf = False

    def __init__(
        self, in_channels: int = 1, *, width: int = 64, encoder_weights: str = "none"
    ) -> None:
        super().__init__(in_channels, width=width, encoder_weights=encoder_weights)
