"""What every network has in common: any input size, logits out, one form for auxiliary heads."""

from typing import Final

import torch.nn.functional as F
from torch import Tensor, nn

from nerveseg.errors import InputError

# Five halvings: the coarsest map of every encoder here is at /32 (or coarser than it needs).
MULTIPLE: Final = 32
NARROWEST: Final = 4

Logits = Tensor | tuple[Tensor, ...]


class Segmenter(nn.Module):
    """Images N x C x H x W (float, normalised) in, logits N x 1 x H x W out, for any H and W.

    A network implements `segment`, which sees sizes that are multiples of 32 only.

    Deep supervision: a network with auxiliary heads returns a tuple of logits in training mode,
    all at the input's size, the one that is scored first. In eval mode it is always one tensor.
    """

    def segment(self, image: Tensor) -> Logits:
        """Return logits for an image whose height and width are multiples of 32."""
        raise NotImplementedError

    def forward(self, image: Tensor) -> Logits:
        """Pad to a multiple of 32, segment, crop back.

        Args:
            image: N x C x H x W, float.

        Returns:
            Logits N x 1 x H x W; a tuple of them in training mode with deep supervision.
        """
        height, width = image.shape[-2:]
        spare_height, spare_width = -height % MULTIPLE, -width % MULTIPLE
        if not spare_height and not spare_width:
            return self.segment(image)
        top, left = spare_height // 2, spare_width // 2
        # Both sides, and by the edge's own grey: a black rim would be an edge that is not there,
        # and a rim on one side would tell flipped views apart in test-time augmentation.
        rim = (left, spare_width - left, top, spare_height - top)
        logits = self.segment(F.pad(image, rim, mode="replicate"))
        if isinstance(logits, tuple):
            return tuple(_crop(each, top, left, height, width) for each in logits)
        return _crop(logits, top, left, height, width)


def _crop(logits: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    return logits[..., top : top + height, left : left + width]


def part(channels: int, divisor: int) -> int:
    """Return the papers' `channels / divisor`, at least 1, so that narrow networks work too."""
    return max(1, channels // divisor)


def check_width(width: int) -> int:
    """Return `width`, the channels of a network's first level.

    Raises:
        InputError: there are too few of them.
    """
    if width < NARROWEST:
        raise InputError(f"width: {width} is too narrow; give {NARROWEST} or more channels")
    return width
