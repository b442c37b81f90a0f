"""A copy of a training's state, for a thread to write while the training goes on."""

import json
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_unflatten


class Snapshot:
    """Memory on the host for one copy of the state: taken once, as fresh memory costs more.

    One piece for all tensors of a dtype: pickling a thousand tensors, one by one, would hold
    Python's lock, and with it the training, for longer than the disk takes.
    """

    def __init__(self) -> None:
        self._flat: dict[torch.dtype, Tensor] = {}
        self._views: list[Tensor] = []
        self._layout = ""

    def take(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return a copy of `state` for `unpacked`; the next call overwrites it.

        Args:
            state: tensors on any device, numbers and text in dicts and lists; with as many
                tensors, of the same shapes, in every call.
        """
        leaves, shape = tree_flatten(state)
        places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]
        tensors = [leaves[place] for place in places]
        if not self._views:
            self._allocate(tensors)
        for place, view, tensor in zip(places, self._views, tensors, strict=True):
            view.copy_(tensor.detach())
            leaves[place] = None
        flat = {str(dtype): memory for dtype, memory in self._flat.items()}
        rest = tree_unflatten(leaves, shape)
        return {"rest": rest, "places": places, "layout": self._layout, "flat": flat}

    def _allocate(self, tensors: list[Tensor]) -> None:
        layout = []
        sizes: dict[torch.dtype, int] = {}
        for tensor in tensors:
            begin = sizes.get(tensor.dtype, 0)
            layout.append((str(tensor.dtype), begin, tensor.shape, tensor.stride()))
            sizes[tensor.dtype] = begin + tensor.numel()
        self._flat = {dtype: torch.empty(size, dtype=dtype) for dtype, size in sizes.items()}
        self._views = [
            self._flat[tensor.dtype].as_strided(size, stride, begin)
            for tensor, (_, begin, size, stride) in zip(tensors, layout, strict=True)
        ]
        # Text, for a pickle asks Python about each of its numbers.
        self._layout = json.dumps(layout)


def unpacked(copy: dict[str, Any]) -> dict[str, Any]:
    """Return the state of which `copy` was taken, in tensors of their own, where `copy` lies."""
    leaves, shape = tree_flatten(copy["rest"])
    layout = zip(copy["places"], json.loads(copy["layout"]), strict=True)
    for place, (dtype, begin, size, stride) in layout:
        leaves[place] = copy["flat"][dtype].as_strided(size, stride, begin).clone()
    state: dict[str, Any] = tree_unflatten(leaves, shape)
    return state
