"""Any architecture of segmentation_models_pytorch, on any encoder of that library or of timm.

Iakubovskii, 'Segmentation Models Pytorch', 2019 (smp); Wightman, 'PyTorch Image Models', 2019
(timm). The documentation of smp names the paper of each architecture and encoder.
"""

from collections.abc import Mapping
from typing import cast

from torch import Tensor

from nerveseg.models.blocks.segmenter import Segmenter
from nerveseg.models.blocks.smp_network import build_library, freeze_unused, multiple_of


class Smp(Segmenter):
    """A network that the library builds, with one map of logits.

    Args:
        in_channels: channels of the image.
        architecture: a class of smp, such as Unet, UnetPlusPlus, FPN or DeepLabV3Plus.
        encoder: a name of smp, such as resnet18 or efficientnet-b0, or tu- and a name of timm.
        encoder_weights: `none`; `imagenet`, or another name that the library has weights of this
            encoder under; or the path of a file, as safetensors or from `torch.save`, with the
            layer names of smp or, for tu-, of timm.
        settings: further arguments of the class, such as decoder_channels. For a tu- encoder, they
            may include arguments of timm's, such as dynamic_img_size.
    """

    def __init__(
        self,
        in_channels: int = 1,
        *,
        architecture: str = "Unet",
        encoder: str = "resnet18",
        encoder_weights: str = "none",
        settings: dict[str, object] | None = None,
    ) -> None:
        super().__init__()
        self.network = build_library(
            architecture, encoder, in_channels, encoder_weights, settings or {}
        )
        self.multiple = multiple_of(architecture, self.network)
        freeze_unused(self, in_channels, f"{architecture} on {encoder}")

    @classmethod
    def check_pretrained(cls, options: Mapping[str, object]) -> None:
        """Load the weights once; see `Segmenter.check_pretrained`."""
        if options["encoder_weights"] != "none":
            cls(**options)  # type: ignore[arg-type]  # checked against the signature before

    def segment(self, image: Tensor) -> Tensor:
        """Return logits N x 1 x H x W."""
        return cast("Tensor", self.network(image))
