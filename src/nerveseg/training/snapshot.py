"""A copy of the state of a training, which a thread writes while the training goes on."""

import json
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_unflatten


class Snapshot:
    """Memory on the host for one copy of the state, allocated once: allocating it anew is slower.

    All tensors of a dtype share one buffer. Pickling a thousand tensors one by one would hold the
    GIL, and with it the training, for longer than writing to the disk takes.
    """

    def __init__(self) -> None:
        self._flat: dict[torch.dtype, Tensor] = {}
        self._views: list[Tensor] = []
        self._specs = ""

    def take(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return a copy of `state` for `unpacked`; the next call overwrites it.

        Args:
            state: dicts and lists of tensors on any device, numbers and text. Every call must
                pass the same number of tensors with the same shapes.
        """
        leaves, structure = tree_flatten(state)
        indices = [index for index, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]
        tensors = [leaves[index] for index in indices]
        if not self._views:
            self._allocate(tensors)
        for index, view, tensor in zip(indices, self._views, tensors, strict=True):
            view.copy_(tensor.detach())
            leaves[index] = None
        flat = {str(dtype): memory for dtype, memory in self._flat.items()}
        rest = tree_unflatten(leaves, structure)
        return {"rest": rest, "indices": indices, "specs": self._specs, "flat": flat}

    def _allocate(self, tensors: list[Tensor]) -> None:
        specs = []
        sizes: dict[torch.dtype, int] = {}
        for tensor in tensors:
            begin = sizes.get(tensor.dtype, 0)
            specs.append((str(tensor.dtype), begin, tensor.shape, tensor.stride()))
            sizes[tensor.dtype] = begin + tensor.numel()
        self._flat = {dtype: torch.empty(size, dtype=dtype) for dtype, size in sizes.items()}
        self._views = [
            self._flat[tensor.dtype].as_strided(size, stride, begin)
            for tensor, (_, begin, size, stride) in zip(tensors, specs, strict=True)
        ]
        # As text, because pickling many small numbers is slow.
        self._specs = json.dumps(specs)


def unpacked(copy: dict[str, Any]) -> dict[str, Any]:
    """Return the state that `copy` was taken of, as new tensors on the device of `copy`."""
    leaves, structure = tree_flatten(copy["rest"])
    specs = zip(copy["indices"], json.loads(copy["specs"]), strict=True)
    for index, (dtype, begin, size, stride) in specs:
        leaves[index] = copy["flat"][dtype].as_strided(size, stride, begin).clone()
    state: dict[str, Any] = tree_unflatten(leaves, structure)
    return state
