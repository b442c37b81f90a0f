"""Where a submission comes from, in one line that Kaggle keeps beside its scores."""

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

HASH_CHARACTERS: Final = 16
_HASH = re.compile(f"sha256 ([0-9a-f]{{{HASH_CHARACTERS}}})")
# What does not change a CSV: asking for other scores or tables leaves the hash alone.
_AFTER_ENCODING: Final = ("score", "summary", "report", "leaderboard")
# DVC writes its lock while it makes the CSV, and we write the rest: none of it is an edit.
_WRITTEN_BY_RUNS: Final = (
    ":(exclude,top)**dvc.lock",
    ":(exclude,top)leaderboard/submissions.json",
    ":(exclude,top)metrics",
)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def message(network: str, validation: float | None, sha256: str, params: Path) -> str:
    """Return the description to submit with a file."""
    score = "unknown" if validation is None else f"{validation:.4f}"
    return (
        f"{network}; git {_revision()}; params {_params_hash(network, params)}; "
        f"validation {score}; sha256 {sha256[:HASH_CHARACTERS]}"
    )


def hash_in(description: str) -> str | None:
    """Return the start of the file's hash that `message` put into a description, if it did."""
    match = _HASH.search(description)
    return match[1] if match else None


def _revision() -> str:
    head = _git("rev-parse", "--short=10", "HEAD")
    if not head:
        return "none"
    edits = _git("status", "--porcelain", "--untracked-files=no", "--", ".", *_WRITTEN_BY_RUNS)
    return f"{head}+edits" if edits else head


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, check=False, timeout=60
        )
    except OSError:
        return ""  # no git on this machine: a submission is still worth making
    return done.stdout.strip() if done.returncode == 0 else ""


def _params_hash(network: str, path: Path) -> str:
    """Return the start of the hash of the parameters that made this network's CSV."""
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(path)
    kept = {name: value for name, value in document.items() if name not in _AFTER_ENCODING}
    models = kept.get("models")
    if isinstance(models, dict):
        kept["models"] = {network: models.get(network)}
    text = json.dumps(kept, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
