"""Submits files, the best first; those that Kaggle already has are looked up, not sent again."""

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from nerveseg.kaggle_client import service
from nerveseg.kaggle_client.service import Status, Submission
from nerveseg.leaderboard.candidates import Candidate, hash_in
from nerveseg.leaderboard.ledger import Entry, Ledger

SENDING: Final = "SENDING"


class Timing(NamedTuple):
    """Pauses and time limits, in seconds.

    Attributes:
        poll: longest pause between two requests for scores.
        recheck: pause before a lost upload is repeated.
        question: time limit of a request.
        upload: time limit of an upload.
    """

    poll: float = 15.0
    recheck: float = 20.0
    question: float = service.QUESTION_SECONDS
    upload: float = service.UPLOAD_SECONDS


def submit(
    slug: str, candidates: Sequence[Candidate], ledger: Ledger, held: int, timing: Timing
) -> None:
    """Submit, in the order given, the files that Kaggle does not have, up to the allowance.

    Args:
        slug: the competition.
        candidates: valid files, the most promising first.
        ledger: written before every upload and after every answer.
        held: file descriptor of the lock, which an upload keeps open while it lasts.
        timing: pauses and time limits.

    Raises:
        InputError: Kaggle did not answer, or an upload failed.
    """
    refresh(slug, ledger, candidates, timing)
    if any(_interrupted(ledger, candidate) for candidate in candidates):
        # An earlier process stopped between upload and answer. Kaggle's list may lag behind what
        # it has received, so look a second time before sending the file again.
        time.sleep(timing.recheck)
        refresh(slug, ledger, candidates, timing)
    new = {candidate.sha256: candidate for candidate in candidates if _unsent(ledger, candidate)}
    if not new:
        return
    allowed = service.allowance(slug, timing.question)
    for candidate in list(new.values())[: allowed.left]:
        _send(slug, candidate, ledger, held, timing)
    left_out = ", ".join(candidate.run for candidate in list(new.values())[allowed.left :])
    if left_out:
        _say(
            f"Kaggle allows no more submissions today ({allowed.made_today} had been made "
            f"before); not submitted: {left_out}; run again tomorrow"
        )


def refresh(slug: str, ledger: Ledger, candidates: Sequence[Candidate], timing: Timing) -> None:
    """Update the ledger's entries of `candidates` from Kaggle's list."""
    listed = service.submissions(slug, timing.question)
    by_hash = {hash_in(entry.message): entry for entry in reversed(listed)}
    by_ref = {entry.ref: entry for entry in listed}
    for candidate in candidates:
        known = ledger.entries.get(candidate.sha256)
        found = by_ref.get(known.ref) if known else None
        found = found or by_hash.get(hash_in(candidate.description))
        if found:
            ledger.write(candidate.sha256, _entry(found))


def wait_for_scores(
    slug: str, candidates: Sequence[Candidate], ledger: Ledger, seconds: float, timing: Timing
) -> None:
    """Ask again, with growing pauses, until no score is pending or `seconds` have passed."""
    end, pause = time.monotonic() + seconds, min(1.0, timing.poll)
    while pending := [c.run for c in candidates if _pending(ledger, c)]:
        left = end - time.monotonic()
        if left <= 0:
            _say(f"still pending at Kaggle: {', '.join(pending)}; run again to collect the scores")
            return
        time.sleep(min(pause, left))
        pause = min(2 * pause, timing.poll)
        refresh(slug, ledger, candidates, timing)


def _send(slug: str, candidate: Candidate, ledger: Ledger, held: int, timing: Timing) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    entry = Entry(
        ref="",
        status=SENDING,
        public=None,
        private=None,
        words="",
        message=candidate.description,
        date=now,
    )
    ledger.write(candidate.sha256, entry)
    ref = service.submit(slug, candidate.file, candidate.description, timing.upload, held)
    update = {"ref": ref, "status": Status.PENDING.value}
    ledger.write(candidate.sha256, entry.model_copy(update=update))
    _say(f"{candidate.run}: submitted as {ref}")


def _entry(found: Submission) -> Entry:
    return Entry(
        ref=found.ref,
        status=found.status.value,
        public=found.public,
        private=found.private,
        words=found.words,
        message=found.message,
        date=found.date,
    )


def _unsent(ledger: Ledger, candidate: Candidate) -> bool:
    entry = ledger.entries.get(candidate.sha256)
    return entry is None or entry.status == SENDING


def _interrupted(ledger: Ledger, candidate: Candidate) -> bool:
    entry = ledger.entries.get(candidate.sha256)
    return entry is not None and entry.status == SENDING


def _pending(ledger: Ledger, candidate: Candidate) -> bool:
    entry = ledger.entries.get(candidate.sha256)
    return entry is not None and entry.status == Status.PENDING


def _say(line: str) -> None:
    print(line, file=sys.stderr)
