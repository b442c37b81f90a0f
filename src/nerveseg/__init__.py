"""Segments the brachial plexus in ultrasound images, or reports that none is visible.

The names of `__all__` load on demand, so that `import nerveseg` does not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nerveseg.bedside.image_predictor import load
    from nerveseg.models.factory import build
    from nerveseg.models.registry import NETWORKS
else:

    def __getattr__(name: str) -> object:
        """Return a name of `__all__` from the module that defines it."""
        homes = {
            "NETWORKS": "nerveseg.models.registry",
            "build": "nerveseg.models.factory",
            "load": "nerveseg.bedside.image_predictor",
        }
        if name not in homes:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)


__all__ = ["NETWORKS", "build", "load"]
