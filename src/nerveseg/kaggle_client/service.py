"""The requests that this project makes to Kaggle, with time limits and typed answers."""

import fcntl
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from nerveseg.errors import InputError
from nerveseg.kaggle_client import process
from nerveseg.kaggle_client.retry import RETRY_SECONDS, with_retries

QUESTION_SECONDS: Final = 120.0
UPLOAD_SECONDS: Final = 900.0
STALL_SECONDS: Final = 120.0


class Status(StrEnum):
    """Kaggle's statuses of a submission; its list may hold others."""

    PENDING = "PENDING"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"


class Submission(NamedTuple):
    """A submission as Kaggle lists it.

    Attributes:
        ref: Kaggle's reference.
        message: the description that it was submitted with.
        status: one of `Status`, or another word of Kaggle's.
        public: public score; None until it is known, or if it is no finite number.
        private: private score, likewise.
        words: why Kaggle could not score it, otherwise ''.
        date: when Kaggle received it, UTC.
    """

    ref: str
    message: str
    status: str
    public: float | None
    private: float | None
    words: str
    date: str


class Listing(NamedTuple):
    """The account that the credentials belong to, and its team's submissions, the newest first."""

    account: str
    submissions: list[Submission]


class Allowance(NamedTuple):
    """How many submissions were made today and how many may follow now; None if not told."""

    made_today: int | None
    left: int | None


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold the lock file at `path` and yield its descriptor, to be passed to child processes.

    Only one process at a time may talk to Kaggle. The lock lasts until the last process that
    holds the descriptor has ended, so a client that outlives a killed parent still holds it.

    Raises:
        InputError: another process holds the lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{path}: another process is talking to Kaggle; wait until it has ended"
            ) from None
        yield file.fileno()


def name() -> str:
    """Return which service the client talks to: 'kaggle', or 'localhost' for a stand-in."""
    return "localhost" if os.environ.get("KAGGLE_API_ENVIRONMENT") == "LOCALHOST" else "kaggle"


def archive_bytes(
    slug: str, seconds: float = QUESTION_SECONDS, retry: float = RETRY_SECONDS
) -> int:
    """Return the size of the archive; this also checks credentials, rules and the slug.

    If Kaggle does not announce the size, it is the sum over the listed files.

    Args:
        slug: the competition.
        seconds: time limit of an attempt, like in every other request here.
        retry: the longest sum of pauses between attempts, see `with_retries`.

    Raises:
        InputError: as `process.ask`, like every other request here.
    """
    reply = _ask("size", slug, seconds, retry)
    return int(reply["archive"] or reply["listed"])


def download(
    slug: str,
    folder: Path,
    stall_seconds: float = STALL_SECONDS,
    retry: float = RETRY_SECONDS,
    held: int | None = None,
) -> None:
    """Download the archive to `folder`/`slug`.zip; after a break, go on from there.

    Args:
        slug: the competition.
        folder: where the archive goes.
        stall_seconds: how long the download may make no progress.
        retry: see `with_retries`; whenever more of the archive has arrived, the pauses start anew.
        held: see `process.download`.
    """
    arriving = folder / f"{slug}.zip"
    with_retries(
        lambda: process.download(slug, folder, stall_seconds, held),
        retry,
        progress=lambda: arriving.stat().st_size if arriving.exists() else 0,
    )


def allowance(
    slug: str, seconds: float = QUESTION_SECONDS, retry: float = RETRY_SECONDS
) -> Allowance:
    """Return today's allowance."""
    reply = _ask("allowance", slug, seconds, retry)
    return Allowance(reply["made_today"], reply["left"])


def rank(slug: str, seconds: float = QUESTION_SECONDS) -> str:
    """Return the team's rank on the leaderboard, such as '12 of 923'; '' if Kaggle tells none."""
    try:
        reply = process.ask("standing", slug, seconds=seconds)
    except InputError:  # only an extra beside the scores
        return ""
    if not reply["rank"]:
        return ""
    return f"{reply['rank']} of {reply['teams']}" if reply["teams"] else str(reply["rank"])


def submissions(
    slug: str, seconds: float = QUESTION_SECONDS, retry: float = RETRY_SECONDS
) -> Listing:
    """Return all submissions of this team."""
    reply = _ask("submissions", slug, seconds, retry)
    return Listing(reply["account"], [_submission(entry) for entry in reply["submissions"]])


def submit(
    slug: str, file: Path, message: str, seconds: float = UPLOAD_SECONDS, held: int | None = None
) -> str:
    """Upload and submit `file` in one attempt; return the reference.

    After a failure, Kaggle may have received the file nevertheless: look at its list before
    another attempt. The uploading process keeps the file descriptor `held` of the lock open, so
    it still holds the lock if its parent is killed.
    """
    reply = process.ask("submit", slug, str(file), message, seconds=seconds, held=held)
    return str(reply["ref"])


def _ask(command: str, slug: str, seconds: float, retry: float) -> dict[str, Any]:
    return with_retries(lambda: process.ask(command, slug, seconds=seconds), retry)


def _submission(entry: dict[str, str]) -> Submission:
    return Submission(
        ref=entry["ref"],
        message=entry["message"],
        status=entry["status"].rpartition(".")[2].upper() or Status.PENDING,
        public=_score(entry["public"]),
        private=_score(entry["private"]),
        words=entry["words"],
        date=entry["date"],
    )


def _score(text: str) -> float | None:
    try:
        score = float(text)
    except ValueError:
        return None
    return score if math.isfinite(score) else None
