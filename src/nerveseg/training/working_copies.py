"""The weights of convolutions and linear layers in the working precision, cast once per update.

`torch.autocast` casts every weight by itself in every forward pass, and every gradient by itself in
every backward pass: small kernels, a tenth to a fifth of all those of an update. Here one operation
over all weights follows the optimiser's step, and one casts all gradients. The values and the order
of sums are those of autocast, so every update has the same bits.
"""

from collections.abc import Set
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.func import functional_call

from nerveseg.models.blocks.depthwise import Depthwise

CAST: Final[Set[type[nn.Module]]] = {nn.Conv2d, nn.ConvTranspose2d, nn.Linear, Depthwise}
"""Layers that do nothing with their weights but what autocast casts them for. Their subclasses may:
those that standardise their weights, say, do so in float32."""


class WorkingCopies:
    """Copies of a module's weights in another type, for forward passes that train the weights.

    Args:
        module: the module; its weights stay float32.
        dtype: type of the copies.
    """

    def __init__(self, module: nn.Module, dtype: torch.dtype) -> None:
        owners = {name for name, each in module.named_modules() if type(each) in CAST}
        self._module = module
        self._weights = {
            name: weight
            for name, weight in module.named_parameters()
            if name.rpartition(".")[0] in owners
        }
        self._copies = [torch.empty_like(each, dtype=dtype) for each in self._weights.values()]
        self.refresh()

    @torch.no_grad()
    def refresh(self) -> None:
        """Copy the weights, which have changed."""
        if self._copies:
            torch._foreach_copy_(self._copies, [each.detach() for each in self._weights.values()])

    def __call__(self, *args: object) -> Any:  # noqa: ANN401
        """Call the module with the copies in the place of its weights."""
        copies = _Copies.apply(self._copies, *self._weights.values())
        return functional_call(self._module, dict(zip(self._weights, copies, strict=True)), args)


class _Copies(torch.autograd.Function):
    """From weights to their copies, whose gradients become those of the weights."""

    @staticmethod
    def forward(copies: list[Tensor], *weights: Tensor) -> tuple[Tensor, ...]:
        return tuple(each.detach() for each in copies)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: object) -> None:  # noqa: ANN401
        # A weight that no output depends on has no gradient, which is not a gradient of 0.
        ctx.set_materialize_grads(False)
        ctx.dtypes = [each.dtype for each in inputs[1:]]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        wide = [
            None if each is None else torch.empty_like(each, dtype=dtype)
            for each, dtype in zip(gradients, ctx.dtypes, strict=True)
        ]
        targets = [each for each in wide if each is not None]
        if targets:
            torch._foreach_copy_(targets, [each for each in gradients if each is not None])
        return (None, *wide)
