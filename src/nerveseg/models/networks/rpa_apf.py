"""The network of the RPA/APF paper: the baseline with both modules.

Wu et al., 'Region-aware global context modeling for automatic nerve segmentation from ultrasound
images', AAAI 2021, table 1, fourth row.
"""

from nerveseg.models.blocks.ablation import Ablation
from nerveseg.models.blocks.rpa import Reading


class RpaApf(Ablation):
    """Baseline + RPA + APF.

    Args:
        in_channels: of the image.
        width: the encoder's base width; 64 in the paper.
        encoder_weights: `imagenet`, `none` or a path in torchvision's layout.
        reading: `released`, what the authors' published model file does, or `paper`, what the
            equations say; `blocks.rpa` and `blocks.apf` list the differences.
    """

    def __init__(
        self,
        in_channels: int = 1,
        *,
        width: int = 64,
        encoder_weights: str = "none",
        reading: Reading = "released",
    ) -> None:
        super().__init__(in_channels, width, encoder_weights, with_rpa=reading, with_apf=reading)
