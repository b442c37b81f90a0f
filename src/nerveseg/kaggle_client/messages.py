"""What the reader is told when a request to Kaggle fails: one line without secrets."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

from nerveseg.errors import InputError
from nerveseg.kaggle_client.credentials import TOKEN_PAGE, Credential

SERVER_ERROR: Final = 500
SLUG_KEY: Final = "data.kaggle.competition"
_PASSING: Final = {
    "network": (
        "no connection to Kaggle",
        "check the network and https_proxy, then run again",
    ),
    "upload": ("the upload to Kaggle was interrupted", "run again"),
}


class UnavailableError(InputError):
    """Kaggle could not answer now; the same request may succeed later.

    Attributes:
        reason: what happened, without advice.
        retry_after: the seconds that Kaggle asks to wait; None if it does not say.
    """

    def __init__(self, reason: str, advice: str, retry_after: float | None = None) -> None:
        if retry_after:
            advice = f"Kaggle asks to wait {retry_after:.0f} s; run again after that"
        super().__init__(f"{reason}; {advice}")
        self.reason = reason
        self.retry_after = retry_after


class Failure(NamedTuple):
    """A failure as the bridge reports it.

    Attributes:
        kind: 'credentials', 'http', 'page', 'network', 'upload', 'disk' or 'other'.
        status: HTTP status; 0 unless `kind` is 'http'.
        words: the message of Kaggle or its client, without secrets.
        retry_after: the seconds that Kaggle asks to wait, if it does.
    """

    kind: str
    status: int = 0
    words: str = ""
    retry_after: float | None = None


def explain(failure: Failure, slug: str, credentials: Sequence[Credential]) -> InputError:
    """Return the error for a failure reported by the bridge.

    Args:
        failure: what the bridge reported.
        slug: the competition.
        credentials: those that were found; only their sources are named.
    """
    if failure.kind == "credentials" or failure.status == HTTPStatus.UNAUTHORIZED:
        source = credentials[0].source
        return InputError(
            f"Kaggle refused the credentials in {source} (401){_quoted(failure.words)}; make a "
            f"new token at {TOKEN_PAGE} and put it there"
        )
    if failure.kind == "http":
        return _answered(failure, slug)
    if failure.kind in _PASSING:
        return UnavailableError(*_PASSING[failure.kind])
    words = failure.words or "no message"
    lasting = {
        "page": "a web page came in place of Kaggle's answer: a proxy or the log-in page of your "
        "network may be in between; check with a browser and run again",
        "disk": f"no space left on the disk ({words}); free some and run again",
    }
    return InputError(lasting.get(failure.kind, f"Kaggle's client failed: {words}; run again"))


def too_slow(what: str, seconds: float) -> InputError:
    """Return the error for a command that was stopped at its time limit."""
    return InputError(
        f"Kaggle: {what} took longer than {seconds:g} s and was stopped; check the network and "
        "run again"
    )


def _answered(failure: Failure, slug: str) -> InputError:
    page = f"https://www.kaggle.com/competitions/{slug}/rules"
    status, said = failure.status, _quoted(failure.words)
    if status == HTTPStatus.FORBIDDEN:
        # A mistyped name is answered in the same way, and so is an account without a phone number.
        return InputError(
            f"Kaggle refused access to '{slug}' (403){said}; unless it says otherwise, accept its "
            f"rules at {page} with the account of your token, or correct {SLUG_KEY} if it is "
            "mistyped"
        )
    if status == HTTPStatus.NOT_FOUND:
        return InputError(f"Kaggle knows no competition '{slug}' (404){said}; correct {SLUG_KEY}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        reason, advice = f"Kaggle is limiting our requests (429){said}", "wait a few minutes and "
        return UnavailableError(reason, f"{advice}run again", failure.retry_after)
    if status >= SERVER_ERROR:
        reason = f"Kaggle is not available ({status}){said}"
        return UnavailableError(reason, "run again later", failure.retry_after)
    return InputError(f"Kaggle answered {status} for '{slug}'{said}; correct the cause, run again")


def _quoted(words: str) -> str:
    return f": '{words}'" if words else ""
