"""Frames of half height and width, on which the first epochs of a training may run.

Progressive resizing: small frames first, as in Karras et al., 'Progressive growing of GANs', ICLR
2018, section 2, for another purpose; Tan and Le, 'EfficientNetV2', ICML 2021, section 4.2.
"""

from typing import Final

import torch.nn.functional as F
from torch import Tensor

from nerveseg.errors import InputError

LEAST: Final = 16
"""The least height and width of a frame of half size: that of any packed frame."""


def halved(values: Tensor) -> Tensor:
    """Return the means over squares of 2 x 2 pixels.

    Args:
        values: N x H x W, of any type, H and W even.

    Returns:
        N x H/2 x W/2 float32.
    """
    return F.avg_pool2d(values.float()[:, None], 2)[:, 0]


def check_half_size(epochs: int, shape: tuple[int, int]) -> None:
    """Refuse frames that cannot be halved, if there are `epochs` on frames of half size.

    Args:
        epochs: number of epochs on frames of half size.
        shape: height and width of the packed frames.

    Raises:
        InputError: height or width is odd or too small.
    """
    if epochs and any(side % 2 or side < 2 * LEAST for side in shape):
        raise InputError(
            f"train.half_size: frames of {shape[0]} x {shape[1]} cannot be halved: give pack.shape "
            f"an even height and width of {2 * LEAST} or more, or set train.half_size to 0"
        )
