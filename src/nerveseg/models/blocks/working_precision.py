"""Operations that keep a map's floating type where autocast would store it in float32.

On a GPU, `torch.autocast` computes upsampling and softmax in float32: it stores float32 copies of
what they read and a float32 result, and so do their gradients. A learnt factor is float32 like all
weights, and turns every map that it multiplies into float32. Training is bound by memory traffic,
which all this would double. Of a float32 map, these operations return the same bits as torch's own.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

Size = tuple[int, int]


def upsample(x: Tensor, size: Size, *, align_corners: bool = False) -> Tensor:
    """Return `x` bilinearly upsampled.

    Args:
        x: N x C x H x W, of any floating type.
        size: height and width of the result.
        align_corners: whether the centres of the corner pixels stay in the corners.

    Returns:
        N x C x `size`, of the type of `x`; interpolated in float32 or wider.
    """
    with _as_it_is(x):
        if x.dtype in {torch.bfloat16, torch.float16}:
            out: Tensor = _Bilinear.apply(x, size, align_corners)
            return out
        return _bilinear(x, size, align_corners)


class Upsample(nn.Module):
    """Bilinear upsampling by 2, with aligned corners."""

    def forward(self, x: Tensor) -> Tensor:
        """Return N x C x 2H x 2W, of the type of `x`."""
        return upsample(x, (2 * x.shape[-2], 2 * x.shape[-1]), align_corners=True)


def upsample_nearest(x: Tensor, factor: int) -> Tensor:
    """Return `x`, N x C x H x W, with every pixel repeated `factor` times along both sides."""
    with _as_it_is(x):
        return F.interpolate(x, scale_factor=factor)


class UpsampleNearest(nn.Module):
    """Nearest upsampling by 2."""

    def forward(self, x: Tensor) -> Tensor:
        """Return N x C x 2H x 2W, of the type of `x`."""
        return upsample_nearest(x, 2)


def softmax(x: Tensor, dim: int) -> Tensor:
    """Return the softmax of `x` over `dim`, of the type of `x`; its sums are in float32."""
    with _as_it_is(x):
        return x.softmax(dim=dim)


def scale(x: Tensor, factor: Tensor) -> Tensor:
    """Return `factor` times `x`, of the type of `x`.

    Args:
        x: map of any shape and floating type.
        factor: one float32 value, or a shape that broadcasts to that of `x`.
    """
    return factor.to(x.dtype) * x


def _as_it_is(x: Tensor) -> AbstractContextManager[object]:
    # A context that changes nothing would still be an operation of an exported program. The meta
    # device, on which costs are counted, has no autocast.
    kind = x.device.type
    active = kind != "meta" and torch.is_autocast_enabled(kind)
    return torch.autocast(kind, enabled=False) if active else nullcontext()


def _bilinear(x: Tensor, size: Size, align_corners: bool) -> Tensor:
    return F.interpolate(x, size=size, mode="bilinear", align_corners=align_corners)


class _Bilinear(torch.autograd.Function):
    """Bilinear upsampling whose gradient is summed in float32.

    On a GPU, torch's own adds up to (2 factor)^2 terms one by one in the type of the map, in an
    order that varies; in bfloat16 the small ones get lost. Here they are two matrix products.
    """

    @staticmethod
    def forward(x: Tensor, size: Size, align_corners: bool) -> Tensor:
        return _bilinear(x, size, align_corners)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
        x, ctx.size, ctx.align_corners = inputs
        ctx.shape = x.shape

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        count, channels, height, width = ctx.shape
        rows, columns = (
            _weights(length, out, ctx.align_corners, gradient)
            for length, out in zip((height, width), ctx.size, strict=True)
        )
        # In channels last, both products read and write the memory in order.
        pixels = gradient.permute(0, 2, 3, 1)
        halfway = rows @ pixels.reshape(count, ctx.size[0], -1)
        summed = columns @ halfway.view(count * height, ctx.size[1], channels)
        return summed.view(count, height, width, channels).permute(0, 3, 1, 2), None, None


def _weights(length: int, out: int, align_corners: bool, like: Tensor) -> Tensor:
    """Return each pixel's share in each upsampled one, `length` x `out`, of the type of `like`."""
    each = torch.eye(length, device=like.device)[None]
    weights = F.interpolate(each, out, mode="linear", align_corners=align_corners)
    return weights[0].to(like.dtype)
