"""Measures a network: parameters, multiply-adds, memory of a training step, latency."""

import weakref
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only
from torch.utils.flop_counter import FlopCounterMode

from nerveseg.models.factory import build_empty

ADAM_MOMENTS = 2  # each as large as the parameters


def parameter_count(network: nn.Module) -> int:
    """Return the number of parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def on_meta(name: str, channels: int, options: Mapping[str, object]) -> nn.Module:
    """Return a network on the meta device, which holds shapes only, in training mode."""
    with torch.device("meta"):
        return build_empty(name, channels, options).train()


def multiply_adds(network: nn.Module, channels: int, size: tuple[int, int]) -> float:
    """Return the multiply-adds of one forward pass of one image.

    Args:
        network: network from `on_meta`. In training mode it computes as published; at inference
            exact simplifications may need fewer multiply-adds.
        channels: channels of the image.
        size: (height, width).
    """
    # Two images: batch normalisation of a map of one pixel, after global pooling, refuses one.
    with FlopCounterMode(display=False) as counter:
        network(torch.empty(2, channels, *size, device="meta"))
    operations: int = counter.get_total_flops()
    return operations / 4


def step_memory(network: nn.Module, channels: int, size: tuple[int, int], batch: int) -> int:
    """Return the bytes of all tensors at the peak of a training step in float32 with Adam.

    This includes weights, gradients, moments, saved activations and temporary tensors, but not the
    workspaces of convolutions or the slack of the allocator, which depend on the machine.

    Args:
        network: network from `on_meta`.
        channels: channels of the images.
        size: (height, width) of the images.
        batch: images per step.
    """
    weights = sum(each.nbytes for each in (*network.parameters(), *network.buffers()))
    moments = ADAM_MOMENTS * sum(each.nbytes for each in network.parameters())
    with LiveBytes() as live:
        logits = network(torch.empty(batch, channels, *size, device="meta"))
        heads = logits if isinstance(logits, tuple) else (logits,)
        losses = [F.binary_cross_entropy_with_logits(head, head.detach()) for head in heads]
        torch.autograd.backward(torch.stack(losses).mean())
    return int(weights + moments + live.peak)


class LiveBytes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Tracks every storage that an operator allocates until it is freed; `peak` is the maximum."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now: int = 0
        self.peak: int = 0
        self._seen: weakref.WeakSet[torch.UntypedStorage] = weakref.WeakSet()

    def __torch_dispatch__(  # noqa: D105
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        result = func(*args, **(kwargs or {}))
        tree_map_only(Tensor, self._follow, result)
        return result

    def _follow(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        if storage in self._seen:
            return
        self._seen.add(storage)
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._forget, storage.nbytes())

    def _forget(self, size: int) -> None:
        self.now -= size
