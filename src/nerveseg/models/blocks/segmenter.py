"""The base class of all networks: any input size, logits out, one form for auxiliary heads."""

from collections.abc import Mapping
from typing import Final

import torch.nn.functional as F
from torch import Tensor, nn

from nerveseg.errors import InputError
from nerveseg.models.blocks.pretrained import check_encoder

# Five halvings: no encoder here has a coarser map than /32.
MULTIPLE: Final = 32
NARROWEST: Final = 4

Logits = Tensor | tuple[Tensor, ...]


class Segmenter(nn.Module):
    """Images N x C x H x W (float, normalised) in, logits N x 1 x H x W out, for any H and W.

    A network implements `segment`, which only ever receives sizes that are multiples of `multiple`.

    Deep supervision: in training mode a network with auxiliary heads returns a tuple of logits,
    all at the input's size; the first is the prediction. In eval mode it returns one tensor.

    Attributes:
        multiple: pixels of which the height and width given to `segment` are multiples.
    """

    multiple: int = MULTIPLE

    @classmethod
    def check_pretrained(cls, options: Mapping[str, object]) -> None:
        """Obtain the pretrained weights that `options`, defaults included, ask for.

        Raises:
            InputError: they cannot be obtained, or do not fit.
        """
        check_encoder(str(options["encoder_weights"]), int(str(options["width"])))

    def segment(self, image: Tensor) -> Logits:
        """Return logits for an image whose height and width are multiples of `multiple`."""
        raise NotImplementedError

    def forward(self, image: Tensor) -> Logits:
        """Pad to a multiple of `multiple`, segment, crop back.

        Args:
            image: N x C x H x W, float.

        Returns:
            Logits N x 1 x H x W; a tuple of them in training mode with deep supervision.
        """
        height, width = image.shape[-2:]
        spare_height, spare_width = -height % self.multiple, -width % self.multiple
        if not spare_height and not spare_width:
            return self.segment(image)
        top, left = spare_height // 2, spare_width // 2
        # Replicate the border: black padding would add an edge that is not in the image. Pad both
        # sides: padding one side would make the flipped views of test-time augmentation differ.
        padding = (left, spare_width - left, top, spare_height - top)
        logits = self.segment(F.pad(image, padding, mode="replicate"))
        if isinstance(logits, tuple):
            return tuple(_crop(each, top, left, height, width) for each in logits)
        return _crop(logits, top, left, height, width)


def _crop(logits: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    return logits[..., top : top + height, left : left + width]


def fraction_of(channels: int, divisor: int) -> int:
    """Return `channels // divisor`, but at least 1, so that narrow networks can be built too."""
    return max(1, channels // divisor)


def check_width(width: int) -> int:
    """Return `width`, the number of channels of a network's first level.

    Raises:
        InputError: the width is below `NARROWEST`.
    """
    if width < NARROWEST:
        raise InputError(f"width: {width} is too narrow; give {NARROWEST} or more channels")
    return width
