"""Where a report comes from: data source, revision, parameters, versions, machine."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML

from nerveseg.environment import processor, recorded, recorded_environment
from nerveseg.params.trainings import FIRST, weights_of
from nerveseg.reporting.protocol import Protocol
from nerveseg.revision import find_revision

# Packages whose version can change a score.
PACKAGES: Final = (
    "nerveseg", "torch", "torchvision", "numpy", "scipy", "pandas", "scikit-image",
    "opencv-python-headless", "albumentations", "dvc",
)  # fmt: skip


@dataclass(frozen=True)
class Provenance:
    """Where the numbers of a report come from.

    Attributes:
        source: `data.source`: simulated, archive or kaggle.
        protocol: how data and protocol differ from the paper's.
        facts: name -> value, from `collect_facts`.
        parameters: the text of params.yaml.
    """

    source: str
    protocol: Protocol
    facts: dict[str, str]
    parameters: str


def collect_facts(
    root: Path, runs: Sequence[str] = (), trainings: Sequence[str] = (FIRST,)
) -> dict[str, str]:
    """Return name -> value in display order; the value says so if it cannot be determined.

    Args:
        root: the folder that holds dvc.lock and data/.
        runs: the runs whose training environment is shown.
        trainings: names of the trainings of each run.
    """
    weights = _weights(root, runs, trainings)
    facts = {"Git revision": _revision(root)}
    facts |= {f"Data: {name}": value for name, value in _data_hashes(root / "dvc.lock").items()}
    if name := os.environ.get("DVC_EXP_NAME"):
        facts["Experiment"] = name
    facts |= training_environments(weights)
    facts |= pseudo_labels(weights)
    facts["Python"] = f"{platform.python_implementation()} {platform.python_version()}"
    facts["Packages"] = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    facts["Report written on"] = f"{platform.system()} {platform.release()}, {platform.machine()}"
    facts["Processor"] = f"{processor()}, {os.cpu_count()} logical cores"
    facts["Memory"] = _memory()
    return facts


def _weights(root: Path, runs: Sequence[str], trainings: Sequence[str]) -> dict[str, Path]:
    """Return the weights of every training by the name of its run, and its own if not the first."""
    return {
        run if name == FIRST else f"{run} {name}": root / weights_of(run, name)
        for run in runs
        for name in trainings
    }


def training_environments(weights: Mapping[str, Path]) -> dict[str, str]:
    """Return what the trainings depended on, once for all with the same environment.

    Args:
        weights: name of a training -> its weights.
    """
    found: dict[str, list[str]] = {}
    for run, path in weights.items():
        recorded = recorded_environment(path)
        text = ", ".join(f"{name} {value}" for name, value in recorded.items())
        found.setdefault(text or "not recorded", []).append(run)
    if len(found) == 1:
        return {"Trained with": next(iter(found))}
    return {f"Trained with: {', '.join(names)}": text for text, names in found.items()}


def pseudo_labels(weights: Mapping[str, Path]) -> dict[str, str]:
    """Return which pseudo-labels each training has seen; nothing for those without any.

    Args:
        weights: name of a training -> its weights.
    """
    found = {}
    for run, path in weights.items():
        labels = recorded(path, "pseudo_labels_of")
        if labels:
            found[f"Pseudo-labels: {run}"] = ", ".join(
                f"{name.replace('_', ' ')} {value}" for name, value in labels.items()
            )
    return found


def parameters_text(path: Path) -> str:
    """Return the text of params.yaml, or a line that says that it is missing."""
    return path.read_text(encoding="utf-8").strip() if path.exists() else "params.yaml not found"


def _revision(root: Path) -> str:
    revision = find_revision(root)
    if not revision:
        return "not in a git repository"
    return revision.commit + (" with uncommitted changes" if revision.edited else "")


def _data_hashes(lock: Path) -> dict[str, str]:
    """Return the hashes that DVC recorded for the outputs of download and pack."""
    if not lock.exists():
        return {"hash": "not recorded (no dvc.lock)"}
    stages = (YAML(typ="safe", pure=True).load(lock) or {}).get("stages", {})
    outs = [out for name in ("download", "pack") for out in stages.get(name, {}).get("outs", [])]
    hashes = {str(out["path"]): f"md5 {out['md5']}" for out in outs if "md5" in out}
    return hashes or {"hash": "not recorded (not run through DVC)"}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):  # not available on this system
        return "unknown"
    return f"{size / 2**30:.1f} GiB"
