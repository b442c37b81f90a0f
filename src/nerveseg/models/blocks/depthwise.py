"""Depthwise convolution that a compiler can fuse.

The kernels of libraries for depthwise convolutions of bfloat16 maps in channels last are slow: one
that only moves its maps once would be bound by memory traffic alone. Written as a sum of shifted
maps, the convolution is elementwise, and torch.compile fuses it into one such kernel in each
direction, together with what stands before and behind it. Without a compiler every shift would
move the map again, so there the library's kernel computes.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Depthwise(nn.Conv2d):
    """Convolution of each channel by itself that keeps H x W, Kaiming-initialised for a ReLU.

    Args:
        channels: channels C of the map.
        kernel: height and width of the kernel, odd.
        dilation: distance of its taps in pixels.
    """

    def __init__(self, channels: int, kernel: int, *, dilation: int = 1) -> None:
        super().__init__(
            channels,
            channels,
            kernel,
            padding=dilation * (kernel // 2),
            dilation=dilation,
            groups=channels,
            bias=False,
        )
        nn.init.normal_(self.weight, std=(2 / kernel**2) ** 0.5)

    def forward(self, input: Tensor) -> Tensor:
        """Return N x C x H x W, of the type of `input`, or that of autocast."""
        if _fused(input):
            return sum_of_shifts(input, self.weight, self.bias, self.dilation[0])
        return super().forward(input)


def sum_of_shifts(x: Tensor, weight: Tensor, bias: Tensor | None, dilation: int) -> Tensor:
    """Return what `torch.nn.functional.conv2d` with as many groups as channels returns.

    Args:
        x: N x C x H x W, of any floating type.
        weight: C x 1 x K x K, with K odd.
        bias: C; None for none.
        dilation: distance of the taps in pixels; the padding with zeros keeps H x W.

    Returns:
        N x C x H x W, of the type of `x`; summed in float32 or wider.
    """
    height, width = x.shape[-2:]
    kernel = weight.shape[-1]
    margin = dilation * (kernel // 2)
    wide = torch.promote_types(x.dtype, torch.float32)
    padded = F.pad(x, [margin] * 4)
    # The taps have the type of the map, as under autocast.
    taps = weight.to(x.dtype).to(wide)
    total = x.new_zeros(1, dtype=wide) if bias is None else bias.to(wide)[:, None, None]
    for i in range(kernel):
        for j in range(kernel):
            top, left = i * dilation, j * dilation
            shifted = padded[..., top : top + height, left : left + width]
            total = total + shifted.to(wide) * taps[:, 0, i, j, None, None]
    return total.to(x.dtype)


def _fused(x: Tensor) -> bool:
    """Return whether a compiler for a GPU is at work, which an exporter is not."""
    compiler = torch.compiler
    return x.is_cuda and compiler.is_compiling() and not compiler.is_exporting()
