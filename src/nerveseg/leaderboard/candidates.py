"""The CSVs to submit, checked before Kaggle is asked, each with a one-line description.

Kaggle keeps the description beside the scores. It says to which run, code, parameters and file the
scores belong, and it identifies the submission if the ledger is lost.
"""

import hashlib
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from ruamel.yaml import YAML

from nerveseg.errors import InputError
from nerveseg.revision import find_revision
from nerveseg.submission.check import check
from nerveseg.submission.submission_csv import read_ids

HASH_CHARACTERS: Final = 16
_HASH: Final = re.compile(f"sha256 ([0-9a-f]{{{HASH_CHARACTERS}}})")
# Sections of params.yaml that cannot change a CSV.
_AFTER_ENCODING: Final = ("score", "summary", "report", "leaderboard")


class Candidate(NamedTuple):
    """A valid CSV to submit.

    Attributes:
        run: the run that made it.
        file: the CSV.
        sha256: hash of the file, in hex.
        validation: the run's mean validation Dice; None if it is not known.
        description: submitted with the file.
    """

    run: str
    file: Path
    sha256: str
    validation: float | None
    description: str


def find_candidates(
    runs: Sequence[str], submissions: Path, test_table: Path, scores: Path, params: Path
) -> list[Candidate]:
    """Return the CSVs of `runs`, the best validation score first.

    Args:
        runs: their names; submissions/RUN.csv must exist for each.
        submissions: the folder of the CSVs.
        test_table: test.csv of the packed data, which lists the ids that a CSV must have.
        scores: the merged scores, {run: {"dice": ...}}. If it is missing, the order is as given.
        params: params.yaml, whose hash goes into the description.

    Raises:
        InputError: a table or a CSV is missing, or a CSV is not as Kaggle expects it.
    """
    expected = read_ids(test_table)
    known = _validation_dice(scores)
    found = []
    for run in dict.fromkeys(runs):
        file = submissions / f"{run}.csv"
        check(file, expected)
        sha256, dice = file_hash(file), known.get(run)
        found.append(Candidate(run, file, sha256, dice, describe(run, dice, sha256, params)))
    # The sort is stable: runs without a score follow in the order given.
    return sorted(found, key=lambda candidate: -(candidate.validation or 0.0))


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe(run: str, validation: float | None, sha256: str, params: Path) -> str:
    """Return the description to submit with the CSV of a run.

    Args:
        run: its name.
        validation: its mean validation Dice, if known.
        sha256: hash of the CSV, in hex; the description holds its first 16 characters.
        params: params.yaml.
    """
    dice = "unknown" if validation is None else f"{validation:.4f}"
    return (
        f"{run}; git {_revision()}; params {_params_hash(run, params)}; "
        f"validation {dice}; sha256 {sha256[:HASH_CHARACTERS]}"
    )


def hash_in(description: str) -> str | None:
    """Return the start of the file's hash in a description; None if it holds none."""
    match = _HASH.search(description)
    return match[1] if match else None


def _validation_dice(scores: Path) -> dict[str, float]:
    try:
        content = json.loads(scores.read_bytes())
        return {run: float(entry["dice"]) for run, entry in content.items()}
    except FileNotFoundError:
        print(f"{scores}: not found; submitting in the order of the list", file=sys.stderr)
        return {}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{scores}: expected {{run: {{'dice': ...}}}} ({error!r}); run `dvc repro`"
        ) from error


def _revision() -> str:
    revision = find_revision(Path())
    if revision is None:
        return "none"
    return f"{revision.commit[:10]}{'+edits' if revision.edited else ''}"


def _params_hash(run: str, path: Path) -> str:
    """Return the start of the hash of the parameters that made this run's CSV."""
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(path)
    kept = {name: value for name, value in document.items() if name not in _AFTER_ENCODING}
    models = kept.get("models")
    if isinstance(models, dict):
        kept["models"] = {run: models.get(run)}
    text = json.dumps(kept, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
