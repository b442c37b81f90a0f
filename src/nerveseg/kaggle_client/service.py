"""The requests that this project makes to Kaggle, with time limits and typed answers."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from nerveseg.errors import InputError
from nerveseg.kaggle_client import process

QUESTION_SECONDS: Final = 120.0
UPLOAD_SECONDS: Final = 900.0
STALL_SECONDS: Final = 120.0


class Status(StrEnum):
    """Kaggle's status of a submission."""

    PENDING = "PENDING"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"


class Submission(NamedTuple):
    """A submission as Kaggle lists it.

    Attributes:
        ref: Kaggle's reference.
        message: the description that it was submitted with.
        status: Kaggle's status.
        public: public score; None until it is known.
        private: private score; None until it is known.
        words: why Kaggle could not score it, otherwise ''.
        date: when Kaggle received it, UTC.
    """

    ref: str
    message: str
    status: Status
    public: float | None
    private: float | None
    words: str
    date: str


class Allowance(NamedTuple):
    """How many submissions were made today and how many may follow now."""

    made_today: int
    left: int


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


def archive_bytes(slug: str, seconds: float = QUESTION_SECONDS) -> int:
    """Return the size of the archive; this also checks credentials, rules and the slug.

    If Kaggle does not announce the size, it is the sum over the listed files.

    Raises:
        InputError: as `process.ask`, like every other request here.
    """
    reply = process.ask("size", slug, seconds=seconds)
    return int(reply["archive"] or reply["listed"])


def allowance(slug: str, seconds: float = QUESTION_SECONDS) -> Allowance:
    """Return today's allowance."""
    reply = process.ask("allowance", slug, seconds=seconds)
    return Allowance(int(reply["made_today"]), int(reply["left"]))


def submissions(slug: str, seconds: float = QUESTION_SECONDS) -> list[Submission]:
    """Return all submissions of this team, the newest first."""
    reply = process.ask("submissions", slug, seconds=seconds)
    return [_submission(entry) for entry in reply["submissions"]]


def submit(
    slug: str, file: Path, message: str, seconds: float = UPLOAD_SECONDS, held: int | None = None
) -> str:
    """Upload and submit `file`; return the reference.

    The uploading process keeps the file descriptor `held` of the lock open, so it still holds
    the lock if its parent is killed.
    """
    reply = process.ask("submit", slug, str(file), message, seconds=seconds, held=held)
    return str(reply["ref"])


def _submission(entry: dict[str, str]) -> Submission:
    public, private = (float(entry[key]) if entry[key] else None for key in ("public", "private"))
    return Submission(
        entry["ref"],
        entry["message"],
        Status(entry["status"]),
        public,
        private,
        entry["words"],
        entry["date"],
    )
