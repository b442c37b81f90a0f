"""Requests are repeated after failures that may pass, within a total of pauses."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from nerveseg.errors import InputError
from nerveseg.kaggle_client import retry
from nerveseg.kaggle_client.failures import seconds_to_wait
from nerveseg.kaggle_client.messages import UnavailableError


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the pauses instead of waiting."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


class Request:
    """Fails as told, then returns 7; each attempt that fails makes `gain` of progress."""

    def __init__(self, *waits: float | None, gain: int = 0) -> None:
        self.waits = list(waits)
        self.gain, self.progress = gain, 0

    def __call__(self) -> int:
        if not self.waits:
            return 7
        self.progress += self.gain
        raise UnavailableError("down", "run again", self.waits.pop(0))


def test_pauses_double_up_to_the_longest(pauses: list[float]) -> None:
    assert retry.with_retries(Request(*[None] * 8)) == 7
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


def test_the_sum_of_the_pauses_stays_within_the_total(pauses: list[float]) -> None:
    with pytest.raises(UnavailableError, match="down; run again"):
        retry.with_retries(Request(*[None] * 50), total=20)
    assert pauses == [1, 2, 4, 8]


def test_a_longer_pause_is_kept_if_kaggle_asks_for_it(pauses: list[float]) -> None:
    assert retry.with_retries(Request(30.0, 0.5), total=100) == 7
    assert pauses == [30, 2]


def test_progress_starts_the_pauses_anew(pauses: list[float]) -> None:
    request = Request(*[None] * 40, gain=1)
    assert retry.with_retries(request, total=5, progress=lambda: request.progress) == 7
    assert pauses == [1] * 40


def test_what_another_attempt_cannot_mend_is_raised_at_once(pauses: list[float]) -> None:
    def refused() -> None:
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        retry.with_retries(refused)
    assert pauses == []


@pytest.mark.parametrize("header", [None, "", "soon", "-5", "1e3"])
def test_a_retry_after_that_says_nothing_is_none(header: str | None) -> None:
    assert seconds_to_wait(header) is None


def test_retry_after_is_a_number_of_seconds_or_a_date() -> None:
    assert seconds_to_wait("120") == 120
    later = datetime.now(UTC) + timedelta(seconds=90)
    assert 80 < (seconds_to_wait(format_datetime(later, usegmt=True)) or 0) <= 90
    assert seconds_to_wait("Wed, 21 Oct 2015 07:28:00 GMT") == 0
