"""The policy of submitting: what is known first, the allowance next, each file once."""

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from nerveseg.kaggle_client import service
from nerveseg.kaggle_client.service import Status, Submission
from nerveseg.leaderboard.candidates import Candidate
from nerveseg.leaderboard.ledger import Entry, Ledger
from nerveseg.leaderboard.provenance import hash_in

SENDING: Final = "SENDING"


class Pace(NamedTuple):
    """Seconds: most between two looks, before a lost upload is repeated, and time limits."""

    poll: float = 15.0
    recheck: float = 20.0
    question: float = service.QUESTION_SECONDS
    upload: float = service.UPLOAD_SECONDS


def submit(
    slug: str, candidates: Sequence[Candidate], ledger: Ledger, held: int, pace: Pace
) -> None:
    """Submit what Kaggle has not got yet, in the order given, as far as the allowance goes.

    Args:
        slug: the competition.
        candidates: valid files, the most promising first.
        ledger: is written before every upload and after every answer.
        held: descriptor of the lock, which an upload keeps while it lasts.
        pace: intervals and time limits.

    Raises:
        InputError: Kaggle could not be asked, or an upload failed.
    """
    refresh(slug, ledger, candidates, pace)
    if any(_interrupted(ledger, candidate) for candidate in candidates):
        # An earlier run was cut between upload and answer. Kaggle's list may lag behind what
        # it has taken in, so look twice before sending the file again.
        time.sleep(pace.recheck)
        refresh(slug, ledger, candidates, pace)
    new = {candidate.sha256: candidate for candidate in candidates if _unsent(ledger, candidate)}
    if not new:
        return
    allowed = service.allowance(slug, pace.question)
    for candidate in list(new.values())[: allowed.left]:
        _send(slug, candidate, ledger, held, pace)
    left_out = ", ".join(candidate.network for candidate in list(new.values())[allowed.left :])
    if left_out:
        _say(
            f"Kaggle allows no more submissions today ({allowed.made_today} were made before "
            f"this run); not submitted: {left_out}; run again tomorrow"
        )


def refresh(slug: str, ledger: Ledger, candidates: Sequence[Candidate], pace: Pace) -> None:
    """Bring the ledger's entries of `candidates` up to what Kaggle lists."""
    listed = service.submissions(slug, pace.question)
    by_hash = {hash_in(entry.message): entry for entry in reversed(listed)}
    by_ref = {entry.ref: entry for entry in listed}
    for candidate in candidates:
        known = ledger.entries.get(candidate.sha256)
        found = by_ref.get(known.ref) if known else None
        found = found or by_hash.get(hash_in(candidate.message))
        if found:
            ledger.write(candidate.sha256, _entry(found))


def wait_for_scores(
    slug: str, candidates: Sequence[Candidate], ledger: Ledger, seconds: float, pace: Pace
) -> None:
    """Look again, at growing intervals, until nothing is pending or the time is up."""
    end, pause = time.monotonic() + seconds, min(1.0, pace.poll)
    while pending := [c.network for c in candidates if _pending(ledger, c)]:
        left = end - time.monotonic()
        if left <= 0:
            _say(f"still pending at Kaggle: {', '.join(pending)}; run again to pick the scores up")
            return
        time.sleep(min(pause, left))
        pause = min(2 * pause, pace.poll)
        refresh(slug, ledger, candidates, pace)


def _send(slug: str, candidate: Candidate, ledger: Ledger, held: int, pace: Pace) -> None:
    today = datetime.now(UTC).isoformat(timespec="seconds")
    entry = Entry(
        ref="",
        status=SENDING,
        public=None,
        private=None,
        words="",
        message=candidate.message,
        date=today,
    )
    ledger.write(candidate.sha256, entry)
    ref = service.submit(slug, candidate.file, candidate.message, pace.upload, held)
    update = {"ref": ref, "status": Status.PENDING.value}
    ledger.write(candidate.sha256, entry.model_copy(update=update))
    _say(f"{candidate.network}: submitted as {ref}")


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
