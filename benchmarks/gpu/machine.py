"""The device that is measured, and how it is left between measurements."""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nerveseg.models.factory import build


def machine_of(device: torch.device) -> dict[str, str]:
    """Return the names of the device, of torch and of Python."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    return {"device": name, "torch": torch.__version__, "python": sys.version.split()[0]}


def new_report(arguments: str, options: argparse.Namespace, *settings: str) -> dict[str, Any]:
    """Return the head of a report: the machine, the date, the command and its settings.

    Args:
        arguments: what follows `python -m benchmarks.gpu FOLDER`.
        options: the options of the command line.
        settings: names of those that count.
    """
    return {
        "machine": machine_of(torch.device(options.device)),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": f"python -m benchmarks.gpu FOLDER {arguments}".rstrip(),
        "settings": {key: getattr(options, key) for key in settings},
    }


def new_network(name: str, options: argparse.Namespace) -> nn.Module:
    """Return the network `name` with new weights, of `options.width` if that is given."""
    torch.manual_seed(0)
    return build(name, 1, **({"width": options.width} if options.width else {}))


def forget(device: torch.device) -> None:
    """Return unused memory to the device, and start to measure the peak anew."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def peak_gib(device: torch.device) -> float:
    """Return the peak of allocated memory in GiB since the last `forget`; 0 on a CPU."""
    return torch.cuda.max_memory_allocated(device) / 2**30 if device.type == "cuda" else 0.0


def attempt(row: dict[str, Any], name: str, work: Callable[[], object]) -> None:
    """Do `work`; note in `row` if it fails, which must not lose the other measurements."""
    try:
        work()
    except Exception as error:
        row[f"{name}_failed"] = f"{type(error).__name__}: {str(error)[:300]}"


def write_report(path: Path, report: dict[str, Any]) -> None:
    """Write `report` as JSON."""
    path.write_text(json.dumps(report, indent=1) + "\n")
