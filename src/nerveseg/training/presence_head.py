"""An auxiliary head that says whether a frame shows a nerve, for the training alone.

Global average pooling of the encoder's deepest map and a linear layer, after Lin et al., 'Network
in network', ICLR 2014, section 3.2. It shapes what the encoder learns; no prediction uses it.
"""

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

ENCODERS: Final = ("encoder", "network.encoder")
"""Where networks have their encoder: the project's own, and those of a library."""
MAP: Final = 4
"""Dimensions of a map, N x C x H x W."""


class PresenceHead(nn.Module):
    """Reads the deepest map while a network computes in training mode.

    It is no part of the network, and its weights are not among the network's.

    Args:
        network: on any device, in training mode; has an encoder at one of `ENCODERS`. It is tried
            on one image.
        channels: channels of its input.
        shape: height and width of its input.
        weight: factor of the loss.
    """

    def __init__(
        self, network: nn.Module, channels: int, shape: tuple[int, int], weight: float
    ) -> None:
        super().__init__()
        self._weight = weight
        self._pooled: Tensor | None = None
        encoder = encoder_of(network)
        encoder.register_forward_hook(self._read)
        # In eval mode, neither running statistics nor the random numbers of dropout change.
        network.eval()
        with torch.no_grad():
            probe = encoder.register_forward_hook(lambda _module, _given, maps: self._pool(maps))
            device = next(network.parameters()).device
            network(torch.zeros(1, channels, *shape, device=device))
            probe.remove()
        network.train()
        assert self._pooled is not None
        self.linear: nn.Linear = nn.Linear(self._pooled.shape[1], 1).to(self._pooled.device)
        self._pooled = None

    def _read(self, encoder: nn.Module, _given: object, maps: object) -> None:
        if encoder.training:
            self._pool(maps)

    def _pool(self, maps: object) -> None:
        # At once: a later layer may change the map in place.
        self._pooled = deepest(maps).float().mean(dim=(2, 3))

    def forward(self, masks: Tensor) -> Tensor:
        """Return the loss of each frame of the network's last pass.

        Args:
            masks: N x H x W uint8, {0, 1}; a frame with a pixel in the mask shows a nerve.

        Returns:
            N float32, in nats times the weight.
        """
        assert self._pooled is not None
        logits = self.linear(self._pooled).squeeze(1).float()
        self._pooled = None
        shown = masks.flatten(1).any(dim=1).float()
        return self._weight * F.binary_cross_entropy_with_logits(logits, shown, reduction="none")


def encoder_of(network: nn.Module) -> nn.Module:
    """Return the encoder of a network.

    Raises:
        AttributeError: it has none at any of `ENCODERS`.
    """
    for path in ENCODERS[:-1]:
        if hasattr(network, path):
            return network.get_submodule(path)
    return network.get_submodule(ENCODERS[-1])


def deepest(maps: object) -> Tensor:
    """Return the last and smallest of an encoder's maps, N x C x H x W."""
    found = [each for each in tree_leaves(maps) if isinstance(each, Tensor) and each.ndim == MAP]
    return min(reversed(found), key=lambda each: each.shape[2] * each.shape[3])
