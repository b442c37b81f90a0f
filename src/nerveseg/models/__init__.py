"""The networks: a registry of names, one file per network, and the blocks that they share.

The names of `__all__` load on demand, so that reading the registry does not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nerveseg.models.factory import build
    from nerveseg.models.registry import NETWORKS
    from nerveseg.models.weights import load_weights
else:

    def __getattr__(name: str) -> object:
        """Return a name of `__all__` from the module that defines it."""
        homes = {
            "NETWORKS": "nerveseg.models.registry",
            "build": "nerveseg.models.factory",
            "load_weights": "nerveseg.models.weights",
        }
        if name not in homes:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)


__all__ = ["NETWORKS", "build", "load_weights"]
