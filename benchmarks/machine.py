"""Where and when something was measured."""

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Final

LIBRARIES: Final = ("torch", "numpy", "opencv-python-headless", "albumentations")


def describe(command: str) -> dict[str, object]:
    """Return the head of a stored measurement: date, command, machine and versions."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "machine": {
            "processor": _processor(),
            "cores": len(os.sched_getaffinity(0)),
            "load before": os.getloadavg()[0],
            "system": platform.platform(),
        },
        "versions": {
            "python": platform.python_version(),
            **{library: metadata.version(library) for library in LIBRARIES},
        },
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()
