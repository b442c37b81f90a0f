"""Self-attention over the pixels of a map."""

from torch import Tensor


def attention(query: Tensor, key: Tensor) -> Tensor:
    """Return softmax over keys of query^T key, N x P x P; every row sums to 1.

    Not divided by the root of the channels: neither RPA nor DA-Net does.

    Args:
        query: N x C x H x W; P = H * W.
        key: the same.
    """
    energy = query.flatten(2).transpose(1, 2) @ key.flatten(2)
    return energy.softmax(dim=-1)


def attend(value: Tensor, weights: Tensor) -> Tensor:
    """Return V A^T: at every pixel the mean of `value` by that pixel's row of `weights`.

    Args:
        value: N x C x H x W.
        weights: N x P x P, P = H * W.
    """
    return (value.flatten(2) @ weights.transpose(1, 2)).view(value.shape)
