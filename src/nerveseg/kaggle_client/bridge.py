"""The child process that imports the `kaggle` package: `python -m ...bridge COMMAND SLUG ...`.

Importing `kaggle` authenticates, prints help and may create a folder; its calls have no time
limit; and its command line shows neither a submission's reference nor why it failed. Therefore
the package is imported only here, in a process that the parent can stop, and used through its
Python interface. stdout carries one JSON reply; whatever the client prints goes to stderr.
"""

import errno
import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from typing import Any, Final, TypeAlias

PAGES: Final = 100  # of 100 submissions each: ends the loop even if the page tokens do not
FILE_PAGES: Final = 10
Reply: TypeAlias = dict[str, Any]
Kaggle: TypeAlias = Any  # the package has no annotations


def size(api: Kaggle, slug: str) -> Reply:
    """Return the bytes of the listed files and of the archive (None when not announced).

    The archive is requested but not read: unlike the list of files, the answer always shows
    whether the rules of the competition have been accepted.
    """
    listed = sum(file.total_bytes for file in _files(api, slug))
    with api.build_kaggle_client() as client:
        request = _types().ApiDownloadDataFilesRequest()
        request.competition_name = slug
        with client.competitions.competition_api_client.download_data_files(request) as answer:
            length = answer.headers.get("Content-Length")
    return {"listed": listed, "archive": int(length) if length else None}


def download(api: Kaggle, slug: str, folder: str) -> Reply:
    """Download the archive to `folder`/`slug`.zip, resuming where an earlier call stopped."""
    api.competition_download_files(slug, path=folder, force=False, quiet=False)
    return {}


def allowance(api: Kaggle, slug: str) -> Reply:
    """Return how many submissions were made today and how many may follow now."""
    limits = api.competition_get_submission_limits(slug)
    return {"made_today": limits.num_today, "left": limits.num_allowed_now}


def submit(api: Kaggle, slug: str, file: str, message: str) -> Reply:
    """Upload `file` and submit it; return the reference."""
    answer = api.competition_submit(file, message, slug, quiet=True)
    if not answer.ref:  # the client reports a failed upload as an answer without a reference
        return _failure("upload", words=str(answer.message))
    return {"ref": str(answer.ref)}


def submissions(api: Kaggle, slug: str) -> Reply:
    """Return every submission of this team, the newest first."""
    return {"submissions": [_submission(entry) for entry in _listed(api, slug)]}


COMMANDS: Final[dict[str, Callable[..., Reply]]] = {
    command.__name__: command for command in (size, download, allowance, submit, submissions)
}


def main() -> None:
    """Answer one command."""
    name, *arguments = sys.argv[1:]
    with redirect_stdout(sys.stderr):
        reply = _guarded(COMMANDS[name], arguments)
    sys.stdout.write(json.dumps(reply))


def _guarded(command: Callable[..., Reply], arguments: list[str]) -> Reply:
    try:
        return command(_authenticated(), *arguments)
    except SystemExit:  # how the client reports that no credentials work
        return _failure("credentials")
    except Exception as error:
        return _classified(error)


def _authenticated() -> Kaggle:
    api = importlib.import_module("kaggle").api
    api.authenticate()  # the import tried to as well, but hides failures
    return api


def _classified(error: Exception) -> Reply:
    requests = importlib.import_module("requests").exceptions
    urllib3 = importlib.import_module("urllib3").exceptions
    answer = getattr(error, "response", None)
    if isinstance(error, requests.HTTPError) and answer is not None:
        return _failure("http", answer.status_code, str(error))
    if isinstance(error, requests.ConnectionError | requests.Timeout | urllib3.HTTPError):
        return _failure("network", words=type(error).__name__)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return _failure("disk", words=str(error.filename or os.strerror(errno.ENOSPC)))
    return _failure("other", words=f"{type(error).__name__}: {error}")


def _failure(kind: str, status: int = 0, words: str = "") -> Reply:
    return {"failure": {"kind": kind, "status": status, "words": words}}


def _files(api: Kaggle, slug: str) -> Iterator[Kaggle]:
    # Some competitions list every image: a few pages suffice, and more would hit rate limits.
    token = None
    for _ in range(FILE_PAGES):
        answer = api.competition_list_files(slug, page_token=token, page_size=200)
        yield from answer.files
        token = answer.next_page_token
        if not token:
            return


def _listed(api: Kaggle, slug: str) -> Iterator[Kaggle]:
    token = ""
    with api.build_kaggle_client() as client:
        for _ in range(PAGES):
            request = _types().ApiListSubmissionsRequest()
            request.competition_name, request.page_size = slug, 100
            if token:
                request.page_token = token
            else:
                request.page = 1
            answer = client.competitions.competition_api_client.list_submissions(request)
            yield from answer.submissions
            token = answer.next_page_token
            if not token:
                return


def _submission(entry: Kaggle) -> Reply:
    return {
        "ref": str(entry.ref),
        "message": entry.description or "",
        "status": entry.status.name,
        "public": entry.public_score or "",
        "private": entry.private_score or "",
        "words": entry.error_description or "",
        "date": entry.date.isoformat(timespec="seconds") if entry.date else "",
    }


def _types() -> Kaggle:
    return importlib.import_module("kagglesdk.competitions.types.competition_api_service")


if __name__ == "__main__":
    main()
