"""Where a report comes from: data source, revision, parameters, versions, machine."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML

from nerveseg.environment import processor, read_environments, recorded, recorded_environment
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
        runs: the runs whose environments are shown.
        trainings: names of the trainings of each run.
    """
    weights = _weights(root, runs, trainings)
    facts = {"Git revision": _revision(root)}
    facts |= {f"Data: {name}": value for name, value in _data_hashes(root / "dvc.lock").items()}
    if name := os.environ.get("DVC_EXP_NAME"):
        facts["Experiment"] = name
    facts |= environments(
        "Trained with", {key: recorded_environment(path) for key, path in weights.items()}
    )
    facts |= environments("Maps computed with", _map_environments(root, runs))
    facts |= pseudo_labels(weights)
    facts["Python"] = f"{platform.python_implementation()} {platform.python_version()}"
    facts["Packages"] = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    facts["Report written on"] = f"{platform.system()} {platform.release()}, {platform.machine()}"
    facts["Processor"] = f"{processor()}, {os.cpu_count()} logical cores"
    facts["Memory"] = _memory()
    return facts


def _weights(root: Path, runs: Sequence[str], trainings: Sequence[str]) -> dict[str, Path]:
    """Return the weights of every training by the name of its run, and its own if not the first."""
    return {_named(run, name): root / weights_of(run, name) for run in runs for name in trainings}


def _map_environments(root: Path, runs: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return what the maps depend on by the name of a run, and its training's if not the first."""
    found: dict[str, dict[str, str]] = {}
    for run in runs:
        trainings = read_environments(root, run) or {FIRST: {}}
        found |= {_named(run, name): each for name, each in trainings.items()}
    return found


def environments(words: str, of: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return what results depend on, once for all with the same environment.

    Args:
        words: what was done in these environments.
        of: name of a training -> what `nerveseg.environment.environment` returned there, or {}.
    """
    found: dict[str, list[str]] = {}
    for name, environment in of.items():
        text = ", ".join(f"{key} {value}" for key, value in environment.items())
        found.setdefault(text or "not recorded", []).append(name)
    if len(found) == 1:
        return {words: next(iter(found))}
    return {f"{words}: {', '.join(names)}": text for text, names in found.items()}


def _named(run: str, training: str) -> str:
    return run if training == FIRST else f"{run} {training}"


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
