"""Soft targets in a band around the outline of the mask.

Label smoothing that depends on the place: after Islam and Glocker, 'Spatially varying label
smoothing', IPMI 2021, who weigh the labels of the neighbourhood by a Gaussian; here, they count
alike.
"""

import torch.nn.functional as F
from torch import Tensor


def soft_outline(masks: Tensor, reach: int) -> Tensor:
    """Return the mean of the mask over the square of `reach` pixels around every pixel.

    Along a straight outline, the target falls in equal steps over 2 `reach` pixels. Pixels further
    from the outline keep their value, as do all pixels if `reach` is 0. At the border of the frame,
    only pixels of the frame count.

    Args:
        masks: N x H x W float32, {0, 1}.
        reach: pixels of the packed frame.

    Returns:
        N x H x W float32 in 0..1.
    """
    if not reach:
        return masks
    side = 2 * reach + 1
    return F.avg_pool2d(masks[:, None], side, 1, reach, count_include_pad=False)[:, 0]
