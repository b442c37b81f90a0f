"""What went wrong between us and Kaggle, as one line that says what to do."""

from http import HTTPStatus
from typing import Final

from nerveseg.errors import InputError
from nerveseg.kaggle_client.credentials import TOKEN_PAGE, Credential

SERVER_ERROR: Final = 500
SLUG_KEY: Final = "data.kaggle.competition"


def explain(
    kind: str, status: int, words: str, slug: str, credentials: list[Credential]
) -> InputError:
    """Return the error for a failure that the bridge reported.

    Args:
        kind: 'credentials', 'http', 'network', 'upload', 'disk' or 'other'.
        status: HTTP status; 0 unless `kind` is 'http'.
        words: what Kaggle or its client said, secrets removed.
        slug: the competition.
        credentials: those at hand; only their sources are named.
    """
    if kind == "credentials" or status == HTTPStatus.UNAUTHORIZED:
        source = credentials[0].source
        return InputError(
            f"Kaggle refused the credentials in {source} (401); make a new token at "
            f"{TOKEN_PAGE} and put it there"
        )
    if kind == "http":
        return InputError(_answered(status, words, slug))
    if kind == "network":
        return InputError(
            "no connection to Kaggle; check the network and https_proxy, then run again"
        )
    if kind == "upload":
        return InputError("the upload to Kaggle was cut; run again")
    if kind == "disk":
        return InputError(f"no space left on the disk ({words}); free some and run again")
    return InputError(f"Kaggle's client failed: {words or 'it said nothing'}; run again")


def too_slow(what: str, seconds: float) -> InputError:
    """Return the error for a command that was stopped at its time limit."""
    return InputError(
        f"Kaggle: {what} took longer than {seconds:g} s and was stopped; check the network and "
        "run again"
    )


def _answered(status: int, words: str, slug: str) -> str:
    page = f"https://www.kaggle.com/competitions/{slug}/rules"
    if status == HTTPStatus.FORBIDDEN:
        return (
            f"Kaggle refused access to '{slug}' (403): accept its rules at {page} with the "
            f"account of your token, or correct {SLUG_KEY} if it is mistyped"
        )
    if status == HTTPStatus.NOT_FOUND:
        return f"Kaggle knows no competition '{slug}' (404); correct {SLUG_KEY}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "Kaggle has limited our requests (429); wait some minutes and run again"
    if status >= SERVER_ERROR:
        return f"Kaggle is out of order ({status}); run again later"
    return f"Kaggle answered {status} for '{slug}': {words}"
