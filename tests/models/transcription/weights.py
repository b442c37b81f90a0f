"""The weights of a network by name, and the layers that read them."""

from collections.abc import Iterator, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor


class Weights(Mapping[str, Tensor]):
    """A state dict, and the names in it that have been read.

    Args:
        state: name -> tensor.
        training: normalise with the statistics of the batch instead of the stored ones.
    """

    def __init__(self, state: Mapping[str, Tensor], *, training: bool) -> None:
        self._state = state
        self.training = training
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Tensor:
        """Return a tensor, and note that it has been read."""
        tensor = self._state[name]
        self.read.add(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        """Iterate over all names."""
        return iter(self._state)

    def __len__(self) -> int:
        """Return the number of tensors."""
        return len(self._state)

    def conv(
        self, name: str, x: Tensor, *, stride: int = 1, dilation: int = 1, groups: int = 1
    ) -> Tensor:
        """Return the convolution with `name`'s kernel, padded to keep H x W (over the stride)."""
        weight, bias = self[f"{name}.weight"], self.get(f"{name}.bias")
        padding = dilation * (weight.shape[-1] // 2)
        return F.conv2d(x, weight, bias, stride, padding, dilation, groups)

    def up_conv(self, name: str, x: Tensor) -> Tensor:
        """Return the transposed convolution at stride 2, of exactly twice the size."""
        weight, bias = self[f"{name}.weight"], self[f"{name}.bias"]
        return F.conv_transpose2d(x, weight, bias, 2, 1, output_padding=weight.shape[-1] % 2)

    def norm(self, name: str, x: Tensor) -> Tensor:
        """Return batch normalisation; epsilon is torch's 1e-5."""
        if self.training:
            mean = x.mean(dim=(0, 2, 3), keepdim=True)
            variance = (x - mean).square().mean(dim=(0, 2, 3), keepdim=True)
        else:
            mean = _per_channel(self[f"{name}.running_mean"])
            variance = _per_channel(self[f"{name}.running_var"])
        standard = (x - mean) / (variance + 1e-5).sqrt()
        return standard * _per_channel(self[f"{name}.weight"]) + _per_channel(self[f"{name}.bias"])

    def conv_norm(self, name: str, x: Tensor) -> Tensor:
        """Return convolution and normalisation, `name`.0 and `name`.1."""
        return self.norm(f"{name}.1", self.conv(f"{name}.0", x))

    def conv_norm_relu(self, name: str, x: Tensor) -> Tensor:
        """Return convolution, normalisation and ReLU."""
        return self.conv_norm(name, x).relu()


def _per_channel(vector: Tensor) -> Tensor:
    return vector.view(1, -1, 1, 1)


def bilinear(x: Tensor, like: Tensor) -> Tensor:
    """Return `x` at the height and width of `like`, the centres of the corner pixels aligned."""
    size = (like.shape[-2], like.shape[-1])
    return F.interpolate(x, size=size, mode="bilinear", align_corners=True)


def twice(x: Tensor) -> Tensor:
    """Return `x` at twice its size, bilinear, the centres of the corner pixels aligned."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


def nearest(x: Tensor, factor: int) -> Tensor:
    """Return `x` with every pixel repeated `factor` times in both directions."""
    return x.repeat_interleave(factor, dim=2).repeat_interleave(factor, dim=3)


def softmax(x: Tensor, dim: int) -> Tensor:
    """Return exponentials that sum to 1 along `dim`."""
    powers = (x - x.amax(dim=dim, keepdim=True)).exp()
    return powers / powers.sum(dim=dim, keepdim=True)


def concatenate(*maps: Tensor) -> Tensor:
    """Return maps of one size, one after the other along the channels."""
    return torch.cat(maps, dim=1)
