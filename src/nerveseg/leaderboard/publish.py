"""The leaderboard stage, from parameters to metrics: check, submit, wait, record."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nerveseg.atomic import whole_file
from nerveseg.errors import InputError
from nerveseg.kaggle_client import service
from nerveseg.kaggle_client.service import Status, locked
from nerveseg.leaderboard.candidates import Candidate, find_candidates
from nerveseg.leaderboard.ledger import Ledger
from nerveseg.leaderboard.submit import Timing, submit, wait_for_scores
from nerveseg.params.data import DataParams
from nerveseg.params.results import LeaderboardParams

SUBMISSIONS: Final = Path("submissions")
TEST_TABLE: Final = Path("data/packed/test.csv")
SCORES: Final = Path("metrics/scores.json")
RECORD: Final = Path("metrics/leaderboard.json")
NOT_SUBMITTED: Final = "NOT SUBMITTED"
Row = dict[str, str | float | list[dict[str, str]] | None]


def publish(
    data: DataParams,
    leaderboard: LeaderboardParams,
    params: Path,
    ledger_path: Path,
    timing: Timing | None = None,
) -> None:
    """Submit the CSVs of the chosen runs and write metrics/leaderboard.json.

    Args:
        data: names the competition, and the source that the CSVs were made from.
        leaderboard: what to submit and how long to wait.
        params: the file that the parameters came from.
        ledger_path: the ledger, kept from one call to the next.
        timing: pauses and time limits; the default suits Kaggle itself.

    Raises:
        InputError: a CSV is invalid, Kaggle did not answer, or it could not score a file;
            everything known by then is kept in the ledger.
    """
    if not leaderboard.runs:
        print("leaderboard.runs is empty: nothing to submit", file=sys.stderr)
        write_record(RECORD, [], Ledger(ledger_path, "none", "none"))
        return
    if data.source == "simulated":
        raise InputError(
            "data.source is simulated, and Kaggle cannot score simulated frames; set it to "
            "kaggle or archive and run `dvc repro` first"
        )
    timing = timing or Timing()
    slug = data.kaggle.competition
    candidates = find_candidates(leaderboard.runs, SUBMISSIONS, TEST_TABLE, SCORES, params)
    with locked(ledger_path.with_suffix(".lock")) as held:
        ledger = Ledger(ledger_path, service.name(), slug)
        submit(slug, candidates, ledger, held, timing)
        wait_for_scores(slug, candidates, ledger, leaderboard.wait, timing)
    write_record(RECORD, candidates, ledger)
    raise_errors(candidates, ledger)


def write_record(path: Path, candidates: Sequence[Candidate], ledger: Ledger) -> None:
    """Write metrics/leaderboard.json, a row per candidate, and print the scores.

    A row has public, private, status and submission; scores are null until Kaggle has them.
    `submission` is a list with one element, because DVC leaves lists out of its tables of metrics;
    hashes and descriptions would push the scores off the screen.
    """
    rows = {candidate.run: _row(candidate, ledger) for candidate in candidates}
    for candidate in candidates:
        if (entry := ledger.entries.get(candidate.sha256)) and entry.status == Status.COMPLETE:
            scores = f"public {entry.public}, private {entry.private}"
            print(f"{candidate.run}: {scores}", file=sys.stderr)
    with whole_file(path) as temporary:
        temporary.write_text(f"{json.dumps(rows, indent=2)}\n", encoding="utf-8")


def raise_errors(candidates: Sequence[Candidate], ledger: Ledger) -> None:
    """Raise Kaggle's explanation for the files that it could not score.

    Raises:
        InputError: there is such a file; it is not submitted again until it changes.
    """
    known = ((candidate, ledger.entries.get(candidate.sha256)) for candidate in candidates)
    refused = [
        f"{candidate.file} (submission {entry.ref}): {entry.words or 'no reason given'}"
        for candidate, entry in known
        if entry and entry.status == Status.ERROR
    ]
    if refused:
        raise InputError(
            f"Kaggle could not score {'; '.join(refused)}; correct the file or remove its run "
            "from leaderboard.runs"
        )


def _row(candidate: Candidate, ledger: Ledger) -> Row:
    entry = ledger.entries.get(candidate.sha256)
    submission = {
        "ref": entry.ref if entry else "",
        "sha256": candidate.sha256,
        "message": entry.message if entry else candidate.description,
        "date": entry.date if entry else "",
    }
    return {
        "public": entry.public if entry else None,
        "private": entry.private if entry else None,
        "status": entry.status if entry else NOT_SUBMITTED,
        "submission": [submission],
    }
