"""The CSVs to submit, checked before Kaggle is asked, each with a one-line description.

Kaggle keeps the description beside the scores. It says to which run, code, parameters and file the
scores belong, and it identifies the submission if the ledger is lost.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from nerveseg.errors import InputError
from nerveseg.json_reader import parse_json
from nerveseg.leaderboard.lineage import difference, parameters_of
from nerveseg.revision import committed_text, find_revision
from nerveseg.submission.check import check
from nerveseg.submission.submission_csv import read_ids

HASH_CHARACTERS: Final = 16
_HASH: Final = re.compile(f"sha256 ([0-9a-f]{{{HASH_CHARACTERS}}})")
# What can change a CSV without dvc.lock or the parameters showing it.
CODE: Final = ("src", "stages", "dvc.yaml", "requirements.txt")


class Project(NamedTuple):
    """Where a project keeps what a submission is made of; the paths start at its root.

    Attributes:
        submissions: the folder of the CSVs, RUN.csv.
        test_table: lists the ids that a CSV must have.
        scores: the folder of the validation scores, RUN/scores.json.
        lock: dvc.lock.
        params: params.yaml.
        pipeline: dvc.yaml.
    """

    submissions: Path = Path("submissions")
    test_table: Path = Path("data/packed/test.csv")
    scores: Path = Path("data/scores")
    lock: Path = Path("dvc.lock")
    params: Path = Path("params.yaml")
    pipeline: Path = Path("dvc.yaml")


class Candidate(NamedTuple):
    """A valid CSV to submit.

    Attributes:
        run: the run that made it.
        file: the CSV.
        copy: its copy, which was checked and is uploaded, whatever happens to `file` meanwhile.
        sha256: hash of the copy, in hex.
        validation: the run's mean validation Dice; None if it is not known.
        description: submitted with the file.
    """

    run: str
    file: Path
    copy: Path
    sha256: str
    validation: float | None
    description: str


def find_candidates(runs: Sequence[str], copies: Path, project: Project) -> list[Candidate]:
    """Return the CSVs of `runs`, the best validation score first; without one, as given.

    Args:
        runs: their names; each must have a CSV.
        copies: an empty folder, for the copies.
        project: where everything is.

    Raises:
        InputError: a table or a CSV is missing; a CSV is not as Kaggle expects it; or it is not
            what the present parameters and code make.
    """
    expected = read_ids(project.test_table)
    found = [_candidate(run, copies, project, expected) for run in dict.fromkeys(runs)]
    # The sort is stable: runs without a score follow in the order given.
    return sorted(found, key=lambda candidate: -(candidate.validation or 0.0))


def describe(
    run: str, validation: float | None, sha256: str, parameters: Mapping[str, Any], params: Path
) -> str:
    """Return the description to submit with the CSV of a run.

    Args:
        run: its name.
        validation: its mean validation Dice, if known.
        sha256: hash of the CSV, in hex; the description holds its first 16 characters.
        parameters: those that made the CSV.
        params: params.yaml.
    """
    dice = "unknown" if validation is None else f"{validation:.4f}"
    return (
        f"{run}; git {_revision(parameters, params)}; params {_params_hash(parameters)}; "
        f"validation {dice}; sha256 {sha256[:HASH_CHARACTERS]}"
    )


def hash_in(description: str) -> str | None:
    """Return the start of the file's hash in a description; None if it holds none."""
    match = _HASH.search(description)
    return match[1] if match else None


def _candidate(run: str, copies: Path, project: Project, expected: Sequence[int]) -> Candidate:
    file = project.submissions / f"{run}.csv"
    copy = copies / file.name
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: not readable ({error.strerror}); run `dvc repro`") from error
    copy.write_bytes(content)
    try:
        check(copy, expected)
    except InputError as error:  # name the file that the reader knows
        raise InputError(str(error).replace(str(copy), str(file))) from error
    parameters = parameters_of(file, content, project.lock, project.params, project.pipeline)
    sha256 = hashlib.sha256(content).hexdigest()
    dice = _validation_dice(project.scores / run / "scores.json", run)
    described = describe(run, dice, sha256, parameters, project.params)
    return Candidate(run, file, copy, sha256, dice, described)


def _validation_dice(scores: Path, run: str) -> float | None:
    try:
        return float(parse_json(scores.read_bytes())["dice"])
    except FileNotFoundError:
        return None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{scores}: expected {{'dice': ...}} ({error!r}); run `dvc repro`"
        ) from error


def _revision(parameters: Mapping[str, Any], params: Path) -> str:
    revision = find_revision(Path(), CODE)
    if revision is None:
        return "none"
    edited = revision.edited or difference(parameters, committed_text(params))
    return f"{revision.commit[:10]}{'+edits' if edited else ''}"


def _params_hash(parameters: Mapping[str, Any]) -> str:
    text = json.dumps(parameters, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
