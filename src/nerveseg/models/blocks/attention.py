"""Self-attention over the pixels of a map."""

from torch import Tensor

from nerveseg.models.blocks.working_precision import softmax


def attention(query: Tensor, key: Tensor) -> Tensor:
    """Return softmax over keys of query^T key, N x P x P; every row sums to 1.

    The energies are not divided by the square root of C: neither RPA nor DA-Net does so.

    Args:
        query: N x C x H x W; P = H * W.
        key: same shape as `query`.
    """
    energy = query.flatten(2).transpose(1, 2) @ key.flatten(2)
    return softmax(energy, dim=-1)


def attend(value: Tensor, weights: Tensor) -> Tensor:
    """Return V A^T: for each pixel, the mean of `value` weighted by that pixel's row of `weights`.

    Args:
        value: N x C x H x W.
        weights: N x P x P, P = H * W.
    """
    return (value.flatten(2) @ weights.transpose(1, 2)).view(value.shape)
