"""Undoing what a pass through a network changes besides its result."""

from collections.abc import Callable

import torch
from torch import nn


def restore_point(module: nn.Module, generator: torch.Generator) -> Callable[[], None]:
    """Return a function that undoes what passes change from now on.

    They add to gradients, update running statistics and draw random numbers.

    Args:
        module: the module whose passes follow; gradients that it has now keep their memory.
        generator: random numbers of the module's device.
    """
    random = generator.get_state(), torch.get_rng_state()
    buffers = [(each, each.clone()) for each in module.buffers()]
    gradients = [
        (each, each.grad, None if each.grad is None else each.grad.clone())
        for each in module.parameters()
    ]

    def restore() -> None:
        generator.set_state(random[0])
        torch.set_rng_state(random[1])
        for buffer, before in buffers:
            buffer.copy_(before)
        for weight, gradient, values in gradients:
            weight.grad = gradient
            if gradient is not None and values is not None:
                gradient.copy_(values)

    return restore
