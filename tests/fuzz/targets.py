"""All readers under test."""

from importlib import import_module
from pathlib import Path
from typing import Final

from .engine import Target

MODULES: Final = ("files", "outputs", "settings")
"""The modules that define `targets`."""


def all_targets(folder: Path) -> dict[str, Target]:
    """Return the readers by name.

    Args:
        folder: an empty folder that they may write to.
    """
    found: dict[str, Target] = {}
    for module in MODULES:
        scratch = folder / module
        scratch.mkdir()
        found |= import_module(f".{module}", __package__).targets(scratch)
    return found
