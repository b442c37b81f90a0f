"""The questions this project asks Kaggle, each with its time limit and a typed answer."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from nerveseg.kaggle_client import process

QUESTION_SECONDS: Final = 120.0
UPLOAD_SECONDS: Final = 900.0
STALL_SECONDS: Final = 120.0


class Status(StrEnum):
    """What Kaggle says of a submission."""

    PENDING = "PENDING"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"


class Submission(NamedTuple):
    """A submission as Kaggle lists it; scores are None until they are known."""

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


def name() -> str:
    """Return which service the client talks to: 'kaggle', or 'localhost' for a stand-in."""
    return "localhost" if os.environ.get("KAGGLE_API_ENVIRONMENT") == "LOCALHOST" else "kaggle"


def archive_bytes(slug: str, seconds: float = QUESTION_SECONDS) -> int:
    """Return the size of the archive; this also checks credentials, rules and the slug.

    Where Kaggle does not announce it, the sum over the files that it lists stands in.
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

    `held` is a file descriptor which the uploading process keeps open: an orphan of a killed
    run still holds the lock that this descriptor stands for.
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
