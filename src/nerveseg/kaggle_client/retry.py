"""Repeats a request that failed for a reason that may pass, with growing pauses."""

import sys
import time
from collections.abc import Callable
from typing import Final, TypeVar

from nerveseg.kaggle_client.messages import UnavailableError

T = TypeVar("T")
RETRY_SECONDS: Final = 300.0
"""How long the pauses between the attempts of one request may be in all."""
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0


def with_retries(
    request: Callable[[], T],
    total: float = RETRY_SECONDS,
    progress: Callable[[], object] | None = None,
) -> T:
    """Return what `request` returns; after an `UnavailableError`, call it again.

    The pauses double from 1 s to 60 s. If Kaggle asks for a longer one (Retry-After), it gets it.

    Args:
        request: may be repeated without harm.
        total: the longest sum of pauses in seconds; 0 means a single attempt.
        progress: after an attempt that changed its value, the pauses start anew.

    Raises:
        UnavailableError: of the last attempt, when the next pause would exceed `total`.
        InputError: from `request`; other errors are not worth another attempt.
    """
    left, pause = total, FIRST_PAUSE
    reached = progress() if progress else None
    while True:
        try:
            return request()
        except UnavailableError as error:
            if progress and (now := progress()) != reached:
                left, pause, reached = total, FIRST_PAUSE, now
            wait = max(pause, error.retry_after or 0.0)
            if wait > left:
                raise
            print(f"{error.reason}; next attempt in {wait:.0f} s", file=sys.stderr, flush=True)
        time.sleep(wait)
        left, pause = left - wait, min(2 * pause, LONGEST_PAUSE)
