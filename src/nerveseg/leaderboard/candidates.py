"""The CSVs to submit: checked here before Kaggle sees them, the most promising first."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from nerveseg.errors import InputError
from nerveseg.leaderboard.provenance import file_hash, message
from nerveseg.submission.check import check
from nerveseg.submission.table import read_ids


class Candidate(NamedTuple):
    """A valid CSV and what is submitted with it; `validation` is its mean Dice, if known."""

    network: str
    file: Path
    sha256: str
    validation: float | None
    message: str


def candidates(
    networks: Sequence[str], submissions: Path, test_table: Path, scores: Path, params: Path
) -> list[Candidate]:
    """Return the CSVs of `networks`, the best validation score first.

    Args:
        networks: their names; submissions/NAME.csv must be there for each.
        submissions: the folder of the CSVs.
        test_table: test.csv of the packed data: the ids that a CSV must have.
        scores: the merged scores, {network: {"dice": ...}}. Without it the order is as given.
        params: params.yaml, whose hash goes into the description.

    Raises:
        InputError: a table or a CSV is missing, or a CSV is not as Kaggle wants it.
    """
    expected = read_ids(test_table)
    known = _validation(scores)
    chosen = []
    for network in dict.fromkeys(networks):
        file = submissions / f"{network}.csv"
        check(file, expected)
        sha256, dice = file_hash(file), known.get(network)
        text = message(network, dice, sha256, params)
        chosen.append(Candidate(network, file, sha256, dice, text))
    # Sorting is stable: networks without a score follow in the order given.
    return sorted(chosen, key=lambda candidate: -(candidate.validation or 0.0))


def _validation(scores: Path) -> dict[str, float]:
    try:
        content = json.loads(scores.read_bytes())
        return {network: float(entry["dice"]) for network, entry in content.items()}
    except FileNotFoundError:
        print(f"{scores}: not found; submitting in the order of the list", file=sys.stderr)
        return {}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{scores}: expected {{network: {{'dice': ...}}}} ({error!r}); run `dvc repro`"
        ) from error
