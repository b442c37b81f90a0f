"""A copy of a training's state, for a thread to write while the training goes on."""

from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_unflatten


class Snapshot:
    """Memory on the host for one copy of the state: taken once, as fresh memory costs more."""

    def __init__(self) -> None:
        self._held: list[Tensor] = []

    def take(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return a copy of `state`, whose tensors the next call overwrites.

        Args:
            state: tensors on any device, numbers and text in dicts and lists; with as many
                tensors, of the same shapes, in every call.
        """
        leaves, shape = tree_flatten(state)
        places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]
        if not self._held:
            self._held = [torch.empty_like(leaves[place], device="cpu") for place in places]
        for place, held in zip(places, self._held, strict=True):
            leaves[place] = held.copy_(leaves[place].detach())
        copy: dict[str, Any] = tree_unflatten(leaves, shape)
        return copy
