"""Submits files, the best first; those that Kaggle already has are looked up, not sent again."""

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from nerveseg.kaggle_client import service
from nerveseg.kaggle_client.messages import UnavailableError
from nerveseg.kaggle_client.retry import RETRY_SECONDS, with_retries
from nerveseg.kaggle_client.service import Status, Submission
from nerveseg.leaderboard.candidates import Candidate, hash_in
from nerveseg.leaderboard.ledger import Entry, Ledger

SENDING: Final = "SENDING"


class Timing(NamedTuple):
    """Pauses and time limits, in seconds.

    Attributes:
        poll: longest pause between two requests for scores.
        recheck: pause before a lost upload is looked for and repeated.
        question: time limit of a request.
        upload: time limit of an upload.
        retry: longest sum of pauses while Kaggle cannot answer a request.
    """

    poll: float = 15.0
    recheck: float = 20.0
    question: float = service.QUESTION_SECONDS
    upload: float = service.UPLOAD_SECONDS
    retry: float = RETRY_SECONDS


class Sender:
    """Submits candidates to one competition and keeps the ledger."""

    def __init__(self, slug: str, candidates: Sequence[Candidate], timing: Timing) -> None:
        """Prepare to submit.

        Args:
            slug: the competition.
            candidates: valid files, the most promising first.
            timing: pauses and time limits.
        """
        self._slug = slug
        self._candidates = candidates
        self._timing = timing

    def open_ledger(self, path: Path, keep: bool = True) -> Ledger:
        """Return the account's ledger at `path`, updated from Kaggle's list.

        Args:
            path: the file, which need not exist.
            keep: whether to write the update to the file.

        Raises:
            InputError: Kaggle did not answer, or the file is not a ledger.
        """
        listing = self._listing()
        ledger = Ledger(path, service.name(), self._slug, listing.account)
        self._update(ledger, listing.submissions, keep)
        return ledger

    def submit(self, ledger: Ledger, held: int, again: bool = False) -> None:
        """Submit, in the order given, the files that Kaggle does not have, up to the allowance.

        Args:
            ledger: written before every upload and after every answer.
            held: file descriptor of the lock, which an upload keeps open while it lasts.
            again: whether to submit also those that Kaggle could not score.

        Raises:
            InputError: Kaggle did not answer, or an upload failed.
        """
        if any(status_of(ledger, candidate) == SENDING for candidate in self._candidates):
            # An earlier process stopped between upload and answer. Kaggle's list may lag behind
            # what it has received, so look a second time before sending the file again.
            time.sleep(self._timing.recheck)
            self._update(ledger, self._listing().submissions)
        new = unsent(self._candidates, ledger, again)
        if not new:
            return
        allowed = service.allowance(self._slug, self._timing.question, self._timing.retry)
        if allowed.left is None:
            _say("Kaggle does not tell how many submissions it still accepts; trying them in turn")
        for candidate in new[: allowed.left]:
            self._send(candidate, ledger, held)
        left_out = ", ".join(c.run for c in new[allowed.left :] if allowed.left is not None)
        if left_out:
            made = "" if allowed.made_today is None else f" ({allowed.made_today} were made before)"
            _say(
                f"Kaggle allows no more submissions today{made}; not submitted: {left_out}; run "
                "again tomorrow"
            )

    def wait_for_scores(self, ledger: Ledger, seconds: float) -> None:
        """Ask again, with growing pauses, until no score is pending or `seconds` have passed."""
        end, pause = time.monotonic() + seconds, min(1.0, self._timing.poll)
        while pending := [c.run for c in self._candidates if status_of(ledger, c) == "PENDING"]:
            left = end - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(pause, left))
            pause = min(2 * pause, self._timing.poll)
            try:
                self._update(ledger, self._listing().submissions)
            except UnavailableError as error:  # the files are submitted: nothing is lost
                _say(error.reason)
                break
        if pending:
            _say(f"still pending at Kaggle: {', '.join(pending)}; run again to collect the scores")

    def _listing(self) -> service.Listing:
        return service.submissions(self._slug, self._timing.question, self._timing.retry)

    def _update(self, ledger: Ledger, listed: Sequence[Submission], keep: bool = True) -> None:
        for candidate in self._candidates:
            found = _find(listed, candidate, ledger.entries.get(candidate.sha256))
            if found and keep:
                ledger.write(candidate.sha256, _entry(found))
            elif found:
                ledger.entries[candidate.sha256] = _entry(found)

    def _send(self, candidate: Candidate, ledger: Ledger, held: int) -> None:
        before = ledger.entries.get(candidate.sha256)
        message = candidate.description
        if before and before.status == Status.ERROR:
            # Tells the new submission from the one that Kaggle could not score.
            message += f"; again after {before.ref}"
        entry = Entry(
            ref="",
            status=SENDING,
            public=None,
            private=None,
            words="",
            message=message,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        ledger.write(candidate.sha256, entry)
        ref = with_retries(lambda: self._attempt(candidate, entry, held), self._timing.retry)
        update = {"ref": ref, "status": Status.PENDING.value}
        ledger.write(candidate.sha256, entry.model_copy(update=update))
        _say(f"{candidate.run}: submitted as {ref}")

    def _attempt(self, candidate: Candidate, entry: Entry, held: int) -> str:
        try:
            limit = self._timing.upload
            return service.submit(self._slug, candidate.copy, entry.message, limit, held)
        except UnavailableError:
            # Kaggle may have received the file although its answer was lost.
            time.sleep(self._timing.recheck)
            found = _find(self._listing().submissions, candidate, entry)
            if found:
                return found.ref
            raise


def status_of(ledger: Ledger, candidate: Candidate) -> str:
    """Return the status of a candidate in the ledger; '' if it was never sent."""
    entry = ledger.entries.get(candidate.sha256)
    return entry.status if entry else ""


def unsent(candidates: Sequence[Candidate], ledger: Ledger, again: bool) -> list[Candidate]:
    """Return the candidates to send, of equal files the first.

    Args:
        candidates: the best first.
        ledger: what is known of them.
        again: whether those count that Kaggle could not score.
    """
    send = {"", SENDING} | ({str(Status.ERROR)} if again else set())
    new = [candidate for candidate in candidates if status_of(ledger, candidate) in send]
    return list({candidate.sha256: candidate for candidate in reversed(new)}.values())[::-1]


def _find(
    listed: Sequence[Submission], candidate: Candidate, known: Entry | None
) -> Submission | None:
    """Return the submission of a candidate's file in Kaggle's list, the newest first.

    Its description names the file, unless somebody has edited it on Kaggle; then reference and
    date do. A reference alone proves nothing: a service that starts anew hands them out again.
    """
    same = [each for each in listed if hash_in(each.message) == hash_in(candidate.description)]
    if known and known.status == SENDING:
        # One that Kaggle could not score before is not the one that is being sent.
        same = [s for s in same if s.message == known.message or s.status != Status.ERROR]
    if known and known.ref:
        edited = [
            s
            for s in listed
            if (s.ref, s.date) == (known.ref, known.date) and hash_in(s.message) is None
        ]
        return next((s for s in [*same, *edited] if s.ref == known.ref), next(iter(same), None))
    return next(iter(same), None)


def _entry(found: Submission) -> Entry:
    return Entry(**found._asdict())


def _say(line: str) -> None:
    print(line, file=sys.stderr)
