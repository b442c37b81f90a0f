"""The baseline of the RPA/APF paper: ResNet-34 and CE-Net's decoder.

Wu et al., 'Region-aware global context modeling for automatic nerve segmentation from ultrasound
images', AAAI 2021, table 1, first row.
"""

from nerveseg.models.blocks.ablation import Ablation


class Baseline(Ablation):
    """Encoder and decoder with additive skips, nothing else.

    Args:
        in_channels: of the image.
        width: the encoder's base width; 64 in the paper.
        encoder_weights: `imagenet`, `none` or a path in torchvision's layout.
    """

    def __init__(
        self, in_channels: int = 1, *, width: int = 64, encoder_weights: str = "none"
    ) -> None:
        super().__init__(in_channels, width, encoder_weights)
