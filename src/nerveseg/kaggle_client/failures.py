"""Failures as the bridge reports them to its parent: a kind, an HTTP status, Kaggle's own words."""

import errno
import importlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

WORDS: Final = 300  # characters: a server may answer with a whole page


class WebPageError(Exception):
    """A web page came in place of data: a proxy or the log-in page of a network is in between."""


def failure(
    kind: str, status: int = 0, words: str = "", retry_after: float | None = None
) -> dict[str, Any]:
    """Return the reply of a request that failed (see `messages.explain`)."""
    return {"failure": {"kind": kind, "status": status, "words": words, "retry_after": retry_after}}


def classify(error: Exception) -> dict[str, Any]:
    """Return the reply for an exception that the client let through."""
    requests = importlib.import_module("requests").exceptions
    urllib3 = importlib.import_module("urllib3").exceptions
    answer = getattr(error, "response", None)
    if isinstance(error, requests.HTTPError) and answer is not None:
        wait = seconds_to_wait(answer.headers.get("Retry-After"))
        return failure("http", answer.status_code, _own_words(answer), wait)
    if isinstance(error, WebPageError | json.JSONDecodeError):
        return failure("page")
    cut = requests.ConnectionError | requests.Timeout | requests.ChunkedEncodingError
    if isinstance(error, cut | urllib3.HTTPError):
        return failure("network", words=type(error).__name__)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return failure("disk", words=str(error.filename or os.strerror(errno.ENOSPC)))
    return failure("other", words=f"{type(error).__name__}: {error}")


def seconds_to_wait(header: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for; None if it asks for nothing.

    The header holds a number of seconds or a date (RFC 9110, section 10.2.3).
    """
    if not header:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except (ValueError, OverflowError, TypeError, IndexError):  # the parser lets them through
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _own_words(answer: Any) -> str:  # noqa: ANN401
    """Return the `message` of a JSON answer in one line; '' if there is none."""
    try:
        content = answer.json()
    except (ValueError, RecursionError):  # a page, or nothing
        return ""
    said = content.get("message") if isinstance(content, Mapping) else None
    return " ".join(said.split())[:WORDS] if isinstance(said, str) else ""
