"""The leaderboard stage, from parameters to metrics: check, submit, wait, record."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from nerveseg.atomic import whole_file
from nerveseg.errors import InputError
from nerveseg.kaggle_client import service
from nerveseg.kaggle_client.service import Status, locked
from nerveseg.leaderboard.candidates import Candidate, Project, find_candidates
from nerveseg.leaderboard.ledger import Entry, Ledger
from nerveseg.leaderboard.submit import SENDING, Sender, Timing
from nerveseg.params.data import DataParams
from nerveseg.params.results import LeaderboardParams

LEDGER: Final = Path("leaderboard/submissions.json")
RECORD: Final = Path("metrics/leaderboard.json")
NOT_SUBMITTED: Final = "NOT SUBMITTED"
Row = dict[str, str | float | list[dict[str, str]] | None]


def ledger_path() -> Path:
    """Return where the ledger is.

    An experiment runs in a copy that DVC throws away; what was sent is kept in the original.
    """
    return Path(os.environ.get("DVC_ROOT", "."), LEDGER)


def publish(
    data: DataParams,
    leaderboard: LeaderboardParams,
    ledger: Path,
    timing: Timing | None = None,
    *,
    again: bool = False,
) -> None:
    """Submit the CSVs of the chosen runs and write metrics/leaderboard.json.

    Args:
        data: names the competition, and the source that the CSVs were made from.
        leaderboard: what to submit and how long to wait.
        ledger: the ledger's file, kept from one call to the next.
        timing: pauses and time limits; the default suits Kaggle itself.
        again: whether to submit also files that Kaggle could not score before.

    Raises:
        InputError: a CSV is invalid or out of date, Kaggle did not answer, or it could not score a
            file; everything known by then is kept in the ledger and the record.
    """
    if not leaderboard.runs:
        print("leaderboard.runs is empty: nothing to submit", file=sys.stderr)
        write_record(RECORD, [], {})
        return
    timing, slug = timing or Timing(), data.kaggle.competition
    with chosen(data, leaderboard.runs) as candidates:
        sender = Sender(slug, candidates, timing)
        with locked(ledger.with_suffix(".lock")) as held:
            known = sender.open_ledger(ledger)
            try:
                sender.submit(known, held, again)
                sender.wait_for_scores(known, leaderboard.wait)
            except InputError:
                write_record(RECORD, candidates, known.entries)
                raise
            rank = _rank(slug, candidates, known, timing)
            write_record(RECORD, candidates, known.entries, rank)
    raise_errors(candidates, known)


@contextmanager
def chosen(data: DataParams, runs: Sequence[str]) -> Iterator[list[Candidate]]:
    """Yield the checked CSVs of `runs`, the best first; their copies last as long as the context.

    Raises:
        InputError: as `find_candidates`; or the frames are simulated.
    """
    if data.source == "simulated":
        raise InputError(
            "data.source is simulated, and Kaggle cannot score simulated frames; set it to "
            "kaggle or archive and run `dvc repro` first"
        )
    with tempfile.TemporaryDirectory() as copies:
        yield find_candidates(runs, Path(copies), Project())


def write_record(
    path: Path, candidates: Sequence[Candidate], entries: Mapping[str, Entry], rank: str = ""
) -> None:
    """Write metrics/leaderboard.json, a row per candidate, and print the scores.

    A row has public, private, status and submission; scores are null until Kaggle has them.
    `submission` is a list with one element, because DVC leaves lists out of its tables of metrics;
    hashes and descriptions would push the scores off the screen. `rank` is the team's rank on the
    leaderboard, '' if Kaggle tells none.
    """
    rows = {candidate.run: _row(candidate, entries, rank) for candidate in candidates}
    for candidate in candidates:
        entry = entries.get(candidate.sha256)
        if entry and entry.status == Status.COMPLETE:
            scores = f"public {entry.public}, private {entry.private}"
            print(f"{candidate.run}: {scores}", file=sys.stderr)
        elif entry and entry.status not in (*Status, SENDING):
            print(f"{candidate.run}: Kaggle's status is {entry.status}", file=sys.stderr)
    if rank:
        print(f"your team's rank on Kaggle's leaderboard: {rank}", file=sys.stderr)
    with whole_file(path) as temporary:
        temporary.write_text(f"{json.dumps(rows, indent=2)}\n", encoding="utf-8")


def raise_errors(candidates: Sequence[Candidate], ledger: Ledger) -> None:
    """Raise Kaggle's explanation for the files that it could not score.

    Raises:
        InputError: there is such a file; it is not submitted again until it changes.
    """
    known = [(candidate, ledger.entries.get(candidate.sha256)) for candidate in candidates]
    refused = [
        f"{candidate.file} (submission {entry.ref}): {entry.words or 'no reason given'}"
        for candidate, entry in known
        if entry and entry.status == Status.ERROR
    ]
    runs = [c.run for c, entry in known if entry and entry.status == Status.ERROR]
    if refused:
        raise InputError(
            f"Kaggle could not score {'; '.join(refused)}; correct the file or remove its run "
            "from leaderboard.runs; if the fault was Kaggle's, send the file again by `nerveseg "
            f"submission send {' '.join(runs)} --again`"
        )


def _rank(slug: str, candidates: Sequence[Candidate], ledger: Ledger, timing: Timing) -> str:
    entries = [ledger.entries.get(candidate.sha256) for candidate in candidates]
    scored = any(entry and entry.status == Status.COMPLETE for entry in entries)
    return service.rank(slug, timing.question) if scored else ""


def _row(candidate: Candidate, entries: Mapping[str, Entry], rank: str) -> Row:
    entry = entries.get(candidate.sha256)
    submission = {
        "ref": entry.ref if entry else "",
        "sha256": candidate.sha256,
        "message": entry.message if entry else candidate.description,
        "date": entry.date if entry else "",
        "team_rank": rank,
    }
    return {
        "public": entry.public if entry else None,
        "private": entry.private if entry else None,
        "status": entry.status if entry else NOT_SUBMITTED,
        "submission": [submission],
    }
