"""Batch normalisation with the statistics of all processes that train together.

Ioffe and Szegedy, 'Batch Normalization', ICML 2015, algorithm 1. torch's `SyncBatchNorm` runs on
GPUs only, and it has no mask for the padding frames that fill up a micro-batch (see
`nerveseg.data.sampler.Portion`).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, distributed, nn
from torch.autograd.function import once_differentiable


@dataclass
class FrameMask:
    """Which frames of the current micro-batch count; shared by all layers of one network.

    Attributes:
        real: N float32, 1 for a real frame, 0 for padding; set before each forward pass in
            training. None before the first one.
    """

    real: Tensor | None = None


class MaskedSyncBatchNorm2d(nn.BatchNorm2d):
    """A `BatchNorm2d` that in training uses the statistics of the real frames of all processes.

    Args:
        plain: the layer to replace; parameters, buffers and their names stay the same.
        frame_mask: says which frames are real.
    """

    def __init__(self, plain: nn.BatchNorm2d, frame_mask: FrameMask) -> None:
        device, dtype = plain.weight.device, plain.weight.dtype
        super().__init__(plain.num_features, plain.eps, plain.momentum, device=device, dtype=dtype)
        self.load_state_dict(plain.state_dict())
        self._frame_mask = frame_mask

    def forward(self, input: Tensor) -> Tensor:
        """Return `input`, N x C x H x W, normalised; all processes must call this together."""
        if not self.training:
            return super().forward(input)
        assert self._frame_mask.real is not None
        moments = _moments(input, self._frame_mask.real)
        self._track(moments)
        args = (input, self.weight, self.bias, moments, self.eps)
        out: Tensor = _Normalise.apply(*args)
        return out

    def _track(self, moments: "_Moments") -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(moments.mean, self.momentum)
        correction = moments.values / (moments.values - 1).clamp(min=1)
        self.running_var.lerp_(moments.variance * correction, self.momentum)


class MaskedSyncBatchNormAct2d(MaskedSyncBatchNorm2d):
    """The same for timm's `BatchNormAct2d`, which goes on with dropout and an activation.

    Args:
        plain: the layer to replace, which has the modules `drop` and `act`.
        frame_mask: says which frames are real.
    """

    def __init__(self, plain: nn.BatchNorm2d, frame_mask: FrameMask) -> None:
        super().__init__(plain, frame_mask)
        self.drop, self.act = plain.get_submodule("drop"), plain.get_submodule("act")

    def forward(self, input: Tensor) -> Tensor:
        """Return `input`, N x C x H x W, normalised and activated."""
        out: Tensor = self.act(self.drop(super().forward(input)))
        return out


def synchronised(network: nn.Module, frame_mask: FrameMask) -> nn.Module:
    """Replace each `BatchNorm2d` in `network` by a `MaskedSyncBatchNorm2d`; return `network`."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.BatchNorm2d:
                setattr(parent, name, MaskedSyncBatchNorm2d(child, frame_mask))
            elif isinstance(child, nn.BatchNorm2d) and hasattr(child, "act"):
                setattr(parent, name, MaskedSyncBatchNormAct2d(child, frame_mask))
    return network


def left_uncompiled(network: nn.Module) -> nn.Module:
    """Keep `torch.compile` out of each synchronised layer in `network`; return `network`.

    As a decorator this would import the whole compiler, which writes files, with this module.
    """
    for layer in network.modules():
        if isinstance(layer, MaskedSyncBatchNorm2d):
            as_it_is = torch.compiler.disable(layer.forward)  # type: ignore[no-untyped-call]
            layer.forward = as_it_is  # type: ignore[method-assign]
    return network


class _Moments(NamedTuple):
    """Moments over the real frames of all processes, in float32 or wider.

    Attributes:
        real: N x 1 x 1 x 1, for the frames of this process: 1 for a real one, else 0.
        values: number of values per channel, a tensor without dimensions.
        mean: C.
        variance: C, the biased one.
    """

    real: Tensor
    values: Tensor
    mean: Tensor
    variance: Tensor


def _moments(x: Tensor, real: Tensor) -> _Moments:
    x = x.detach().to(torch.promote_types(x.dtype, torch.float32))
    real = real[:, None, None, None]
    count = real.sum() * x[0, 0].numel()
    mean = (x * real).sum((0, 2, 3)) / count.clamp(min=1)
    spread = ((x - _wide(mean)).square() * real).sum((0, 2, 3))
    mine = torch.cat([count[None], mean, spread])
    everyone = [torch.empty_like(mine) for _ in range(distributed.get_world_size())]
    distributed.all_gather(everyone, mine)
    # Squares about each process's own mean lose no digits, unlike sums of squares (Chan et al.,
    # 'Algorithms for computing the sample variance', 1983).
    all_of = torch.stack(everyone)
    counts, (means, spreads) = all_of[:, :1], all_of[:, 1:].chunk(2, dim=1)
    total = counts.sum()
    centre = (counts * means).sum(0) / total
    variance = (spreads + counts * (means - centre).square()).sum(0) / total
    return _Moments(real, total, centre, variance)


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor, moments: _Moments, eps: float) -> Tensor:
        normalised = (x - _wide(moments.mean)) * _wide((moments.variance + eps).rsqrt())
        return torch.addcmul(_wide(bias), normalised, _wide(weight)).to(x.dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
        x, weight, _, moments, ctx.eps = inputs
        ctx.save_for_backward(x, weight, *moments)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        x, weight, real, values, mean, variance = ctx.saved_tensors
        gradient, scale = gradient.to(mean.dtype), (variance + ctx.eps).rsqrt()
        normalised = (x - _wide(mean)) * _wide(scale)
        mine = torch.cat([gradient.sum((0, 2, 3)), (gradient * normalised).sum((0, 2, 3))])
        for_bias, for_weight = mine.chunk(2)
        everyone = mine.clone()
        distributed.all_reduce(everyone)
        # Each real value also contributes to the mean and the variance.
        through_mean, through_variance = (_wide(each) for each in (everyone / values).chunk(2))
        rest = gradient - real * (through_mean + normalised * through_variance)
        return (rest * _wide(weight * scale)).to(x.dtype), for_weight, for_bias, None, None


def _wide(channels: Tensor) -> Tensor:
    return channels[:, None, None]
