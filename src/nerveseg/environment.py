"""What trained weights, and the maps of a network, depend on besides code, data and parameters.

The same commit and parameters give other scores on a processor with other instructions, with
another number of threads or in another precision, because sums are rounded in another order.
"""

import json
import os
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from safetensors import SafetensorError, safe_open

from nerveseg.atomic import whole_file
from nerveseg.json_reader import parse_json

if TYPE_CHECKING:
    import torch

# Packages that compute frames, updates or maps.
PACKAGES: Final = ("torch", "numpy", "opencv-python-headless")
LIMITS: Final = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR")
"""Environment variables that limit the instructions of convolutions and matrix products, whatever
torch's own say."""


def environment(device: "torch.device", dtype: "torch.dtype") -> dict[str, str]:
    """Return the machine and the versions that a result depends on, as name -> text.

    Args:
        device: where the network computes.
        dtype: the type that it computes in.
    """
    import torch  # here, because the report reads environments without torch

    gpu = device.type == "cuda"
    return {
        "precision": str(dtype).removeprefix("torch."),
        "device": torch.cuda.get_device_name(device) if gpu else device.type.upper(),
        "processor": processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
        **limits(),
    } | {name.removesuffix("-python-headless"): metadata.version(name) for name in PACKAGES}


def limits() -> dict[str, str]:
    """Return those of `LIMITS` that are set, as name -> text."""
    return {name: os.environ[name] for name in LIMITS if os.environ.get(name)}


def recorded_environment(weights: Path) -> dict[str, str]:
    """Return what `environment` returned when `weights` were trained; {} if it is not recorded."""
    return recorded(weights, "environment")


def recorded(weights: Path, name: str) -> dict[str, Any]:
    """Return a mapping that the description of weights records of their training, or {}.

    Args:
        weights: file that `nerveseg.models.weights.save_weights` wrote.
        name: key of `nerveseg.models.weights.Description.training`.
    """
    try:
        with safe_open(weights, framework="np") as file:
            description = parse_json((file.metadata() or {})["nerveseg"])
        return dict(description["training"][name])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError):
        return {}


def processor() -> str:
    """Return the model of the processor; the architecture where the system does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine() or "unknown"


def write_environments(root: Path, run: str, trainings: Mapping[str, Mapping[str, str]]) -> None:
    """Record what the maps of a run depend on.

    Args:
        root: the repository.
        run: the run.
        trainings: name of a training -> name -> text, as `environment` returns it.
    """
    with whole_file(_record_of_maps(root, run)) as new:
        new.write_text(json.dumps(trainings, indent=1) + "\n")


def read_environments(root: Path, run: str) -> dict[str, dict[str, str]]:
    """Return what `write_environments` recorded; {} if it is not recorded."""
    try:
        recorded = parse_json(_record_of_maps(root, run).read_text(encoding="utf-8"))
        return {str(name): dict(environment) for name, environment in recorded.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _record_of_maps(root: Path, run: str) -> Path:
    return root / "data/environments" / f"{run}.json"
