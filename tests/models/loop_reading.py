"""The papers' operators as slow loops over numpy arrays, C x H x W, float64.

They follow the formulas, not the library, and the tests of the networks compare with them.
"""

from math import ceil, exp, floor, sqrt
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Array = NDArray[np.float64]
M = TypeVar("M", bound=nn.Module)


def array(tensor: Tensor) -> Array:
    return tensor.detach().double().numpy()


def lively(module: M, seed: int = 0) -> M:
    """Give every parameter and buffer a random value: no zero gamma, no identity normalisation."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        spread = 1 / sqrt(parameter[0].numel()) if parameter.ndim > 1 else 0.5
        parameter.data.copy_(spread * torch.randn(parameter.shape, generator=generator))
    for name, tensor in module.named_buffers():
        if tensor.is_floating_point():
            values = torch.rand(tensor.shape, generator=generator)
            tensor.copy_(values + 0.5 if name.endswith("var") else values - 0.5)
    return module.double().eval()


def layers(block: nn.Module) -> list[nn.Module]:
    assert isinstance(block, nn.Sequential)
    return list(block)


def conv(x: Array, layer: nn.Module) -> Array:
    """Return layer(x), one output pixel and one tap at a time; zeros outside."""
    assert isinstance(layer, nn.Conv2d)
    return convolve(x, array(layer.weight), layer.bias, layer.dilation[0], layer.groups)


def convolve(x: Array, weight: Array, bias: Tensor | None, rate: int, groups: int = 1) -> Array:
    outputs, group_size, taps, _ = weight.shape
    _, height, width = x.shape
    result = np.zeros((outputs, height, width))
    for o, row, column in np.ndindex(result.shape):
        first = o // (outputs // groups) * group_size
        for u, v in np.ndindex(taps, taps):
            y, z = row + rate * (u - taps // 2), column + rate * (v - taps // 2)
            if 0 <= y < height and 0 <= z < width:
                pixel = x[first : first + group_size, y, z]
                result[o, row, column] += weight[o, :, u, v] @ pixel
    return result if bias is None else result + array(bias)[:, None, None]


def norm(x: Array, layer: nn.Module) -> Array:
    assert isinstance(layer, nn.BatchNorm2d)
    assert layer.running_mean is not None
    assert layer.running_var is not None
    result = np.empty_like(x)
    for c in range(len(x)):
        centred = x[c] - layer.running_mean[c].item()
        scale = layer.weight[c].item() / sqrt(layer.running_var[c].item() + layer.eps)
        result[c] = centred * scale + layer.bias[c].item()
    return result


def conv_norm(x: Array, block: nn.Module) -> Array:
    """Return the result of the block's first two layers, a convolution and its normalisation."""
    convolution, normalisation, *_ = layers(block)
    return norm(conv(x, convolution), normalisation)


def relu(x: Array) -> Array:
    return np.where(x > 0, x, 0.0)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def softmax(values: Array) -> Array:
    """Return the softmax of a short list of numbers."""
    powers = [exp(value - max(values)) for value in values]
    return np.array([power / sum(powers) for power in powers])


def nearest(x: Array, factor: int) -> Array:
    channels, height, width = x.shape
    result = np.empty((channels, height * factor, width * factor))
    for _, row, column in np.ndindex(result.shape):
        result[:, row, column] = x[:, row // factor, column // factor]
    return result


def bilinear(x: Array, size: tuple[int, int], *, corners: bool = True) -> Array:
    """Return `x` at `size`, aligning the centres of the corner pixels, or the pixel areas."""
    result = np.empty((len(x), *size))
    for row, column in np.ndindex(size):
        (y, fy), (z, fz) = (
            _between(index, new, old, corners=corners)
            for index, new, old in zip((row, column), size, x.shape[1:], strict=True)
        )
        below, right = min(y + 1, x.shape[1] - 1), min(z + 1, x.shape[2] - 1)
        top = (1 - fz) * x[:, y, z] + fz * x[:, y, right]
        bottom = (1 - fz) * x[:, below, z] + fz * x[:, below, right]
        result[:, row, column] = (1 - fy) * top + fy * bottom
    return result


def _between(index: int, new: int, old: int, *, corners: bool) -> tuple[int, float]:
    if corners:
        place = index * (old - 1) / (new - 1) if new > 1 else 0.0
    else:
        place = max(0.0, (index + 0.5) * old / new - 0.5)
    return floor(place), place - floor(place)


def region_means(x: Array, count: int) -> Array:
    """Return adaptive average pooling to count x count."""
    channels, height, width = x.shape
    result = np.empty((channels, count, count))
    for row, column in np.ndindex(count, count):
        rows = slice(floor(row * height / count), ceil((row + 1) * height / count))
        columns = slice(floor(column * width / count), ceil((column + 1) * width / count))
        result[:, row, column] = x[:, rows, columns].mean(axis=(1, 2))
    return result


def region_maxima(x: Array, window: int) -> Array:
    """Return maximum pooling by `window` with the same stride, without incomplete windows."""
    channels, height, width = x.shape
    result = np.empty((channels, height // window, width // window))
    for _, row, column in np.ndindex(result.shape):
        y, z = row * window, column * window
        result[:, row, column] = x[:, y : y + window, z : z + window].max(axis=(1, 2))
    return result


def along_channels(pooled: Array, layer: nn.Module) -> Array:
    """Return the 1-D convolution over channels of ECA, without bias, zeros outside."""
    assert isinstance(layer, nn.Conv1d)
    taps = array(layer.weight)[0, 0]
    reach = len(taps) // 2
    result = np.zeros_like(pooled)
    for c in range(len(pooled)):
        for offset, tap in zip(range(-reach, reach + 1), taps, strict=True):
            if 0 <= c + offset < len(pooled):
                result[c] += tap * pooled[c + offset]
    return result
