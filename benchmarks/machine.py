"""Where and when something was measured."""

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, Final

import torch

from nerveseg.device import pick_device
from nerveseg.environment import limits, processor

LIBRARIES: Final = ("torch", "numpy", "opencv-python-headless", "albumentations")


def describe(command: str) -> dict[str, Any]:
    """Return the head of a stored measurement: date, command, machine and versions."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "machine": {
            "processor": processor(),
            "instructions": torch.backends.cpu.get_cpu_capability(),
            "device": str(pick_device()),
            "threads": torch.get_num_threads(),
            **limits(),
            "cores": len(os.sched_getaffinity(0)),
            "load before": os.getloadavg()[0],
            "system": platform.platform(),
        },
        "versions": {
            "python": platform.python_version(),
            **{library: metadata.version(library) for library in LIBRARIES},
        },
    }
