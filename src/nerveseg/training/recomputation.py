"""Activations that the backward pass computes again instead of keeping them from the forward pass.

The field calls this activation checkpointing (Chen et al., 'Training deep nets with sublinear
memory cost', 2016, section 4); a checkpoint is something else here, the saved state of a training.
Of every block only the input stays in memory, and the backward pass computes the block once more.
The gradients are the same; the additional arithmetic is that of a forward pass.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.checkpoint import checkpoint

from nerveseg.errors import InputError


def recompute_activations(network: nn.Module) -> None:
    """Let `network` recompute the activations of its blocks in the backward pass.

    A block is a module in a Sequential or a ModuleList, or a Sequential itself, if it holds others.
    Of blocks within one another, the outermost that is called counts. Weights, buffers and their
    names stay the same. In eval mode and without gradients nothing changes. A copy of the network
    must have been made before, as it would share the blocks.

    Args:
        network: network that will be trained, on any device.

    Raises:
        InputError: the network has no such block.
    """
    region, blocks = _Region(), list(_blocks(network))
    if not blocks:
        raise InputError(
            "train.recompute: this network has no blocks to recompute; set train.recompute to false"
        )
    for block in blocks:
        block.forward = _Recomputed(block, region)


def _blocks(network: nn.Module) -> Iterator[nn.Module]:
    for parent in network.modules():
        listed = isinstance(parent, nn.Sequential | nn.ModuleList)
        for child in parent.children():
            holds_others = next(child.children(), None) is not None
            if holds_others and (isinstance(child, nn.Sequential) or listed):
                yield child


class _Region:
    """Whether a block is being computed, so that the blocks within it are part of it."""

    def __init__(self) -> None:
        self.entered = False


class _OwnForward(nn.Module):
    """A module's own forward pass, without the hooks on it, which have run already."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self._own = module.forward

    def forward(self, *args: object, **kwargs: object) -> Any:  # noqa: ANN401
        return self._own(*args, **kwargs)


class _Recomputed:
    """Stands in the place of a block's `forward`."""

    def __init__(self, block: nn.Module, region: _Region) -> None:
        self._block, self._region = _OwnForward(block), region

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        block, region = self._block, self._region
        if region.entered or not (block.module.training and torch.is_grad_enabled()):
            return block(*args, **kwargs)
        # What the second pass reads. Its weights are those of now, which may be the working copies
        # (`nerveseg.training.working_copies`) that are gone by then. Its buffers are copies: else
        # running statistics would be updated twice.
        tensors: dict[str, Tensor] = dict(block.named_parameters())
        tensors |= {name: buffer.clone() for name, buffer in block.named_buffers()}
        passes = count()

        def compute(*args: object, **kwargs: object) -> Any:  # noqa: ANN401
            region.entered = True
            try:
                if next(passes) == 0:
                    return block(*args, **kwargs)
                return functional_call(block, tensors, args, kwargs)
            finally:
                region.entered = False

        # It restores autocast and the random numbers of dropout for the second pass.
        return checkpoint(compute, *args, use_reentrant=False, preserve_rng_state=True, **kwargs)
