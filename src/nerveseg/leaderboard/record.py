"""metrics/leaderboard.json: what Kaggle says of every chosen network, for DVC and the report."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nerveseg.atomic import whole_file
from nerveseg.errors import InputError
from nerveseg.kaggle_client.service import Status
from nerveseg.leaderboard.candidates import Candidate
from nerveseg.leaderboard.ledger import Ledger

NOT_SUBMITTED: Final = "NOT SUBMITTED"
Row = dict[str, str | float | list[dict[str, str]] | None]


def write_record(path: Path, candidates: Sequence[Candidate], ledger: Ledger) -> None:
    """Write, and say, one row for each candidate: public, private, status, submission.

    Scores are null until Kaggle has them. `submission` is a list of one: DVC leaves lists out of
    its tables of metrics, where hashes and messages would push the scores off the screen.
    """
    rows = {candidate.network: _row(candidate, ledger) for candidate in candidates}
    for candidate in candidates:
        if (entry := ledger.entries.get(candidate.sha256)) and entry.status == Status.COMPLETE:
            scores = f"public {entry.public}, private {entry.private}"
            print(f"{candidate.network}: {scores}", file=sys.stderr)
    with whole_file(path) as temporary:
        temporary.write_text(f"{json.dumps(rows, indent=2)}\n", encoding="utf-8")


def raise_errors(candidates: Sequence[Candidate], ledger: Ledger) -> None:
    """Raise what Kaggle said of the files that it could not score.

    Raises:
        InputError: there is such a file; an unchanged file is never sent again.
    """
    known = ((candidate, ledger.entries.get(candidate.sha256)) for candidate in candidates)
    refused = [
        f"{candidate.file} (submission {entry.ref}): {entry.words or 'no reason given'}"
        for candidate, entry in known
        if entry and entry.status == Status.ERROR
    ]
    if refused:
        raise InputError(
            f"Kaggle could not score {'; '.join(refused)}; correct the file or take its network "
            "out of leaderboard.networks"
        )


def _row(candidate: Candidate, ledger: Ledger) -> Row:
    entry = ledger.entries.get(candidate.sha256)
    submission = {
        "ref": entry.ref if entry else "",
        "sha256": candidate.sha256,
        "message": entry.message if entry else candidate.message,
        "date": entry.date if entry else "",
    }
    return {
        "public": entry.public if entry else None,
        "private": entry.private if entry else None,
        "status": entry.status if entry else NOT_SUBMITTED,
        "submission": [submission],
    }
