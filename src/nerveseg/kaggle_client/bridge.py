"""The child process that imports the `kaggle` package: `python -m ...bridge COMMAND SLUG ...`.

Importing `kaggle` authenticates, prints help and may create a folder; its calls have no time
limit; and its command line shows neither a submission's reference nor why it failed. Therefore
the package is imported only here, in a process that the parent can stop, and used through its
Python interface. stdout carries one JSON reply; whatever the client prints goes to stderr.
"""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from typing import Any, Final, TypeAlias

from nerveseg.kaggle_client.failures import WebPageError, classify, failure

PAGES: Final = 100  # of 100 submissions each: ends the loop even if the page tokens do not
FILE_PAGES: Final = 10
NO_RANGE: Final = 416  # the client handles this status itself
Reply: TypeAlias = dict[str, Any]
Kaggle: TypeAlias = Any  # the package has no annotations


def size(api: Kaggle, slug: str) -> Reply:
    """Return the bytes of the listed files and of the archive (None when not announced).

    The archive is requested but not read: unlike the list of files, the answer always shows
    whether the rules of the competition have been accepted.
    """
    with api.build_kaggle_client() as client:
        listed = sum(_count(file.get("totalBytes")) or 0 for file in _files(client, slug))
        with _archive(client, slug) as answer:
            length = _count(answer.headers.get("Content-Length"))
    return {"listed": listed, "archive": length}


def download(api: Kaggle, slug: str, folder: str) -> Reply:
    """Download the archive to `folder`/`slug`.zip, resuming where an earlier call stopped.

    The client's `competition_download_files` would take the file's suffix from the address that
    Kaggle redirects to, which need not have one. It repeats nothing here: the parent does.
    """
    target = f"{folder}/{slug}.zip"
    _raise_for_error_bodies()
    with api.build_kaggle_client() as client, _archive(client, slug) as answer:
        if api.download_needed(answer, target, quiet=False):
            http = client.http_client()
            api.download_file(answer, target, http, quiet=False, resume=True, max_retries=0)
    return {}


def allowance(api: Kaggle, slug: str) -> Reply:
    """Return how many submissions were made today and how many may follow now.

    None stands for a number that Kaggle does not tell. A zero may be left out of its answer.
    """
    with api.build_kaggle_client() as client:
        limits = _call(client, "GetSubmissionLimits", _about("ApiGetSubmissionLimitsRequest", slug))
    made, left = limits.get("numToday", 0), limits.get("numAllowedNow", 0)
    return {"made_today": _count(made), "left": _count(left)}


def standing(api: Kaggle, slug: str) -> Reply:
    """Return the team's rank on the leaderboard and the number of teams; None if not told."""
    with api.build_kaggle_client() as client:
        about = _call(client, "GetCompetition", _about("ApiGetCompetitionRequest", slug))
    return {"rank": _count(about.get("userRank")), "teams": _count(about.get("teamCount"))}


def submit(api: Kaggle, slug: str, file: str, message: str) -> Reply:
    """Upload `file` and submit it; return the reference."""
    answer = api.competition_submit(file, message, slug, quiet=True)
    if not answer.ref:  # the client reports a failed upload as an answer without a reference
        return failure("upload", words=str(answer.message))
    return {"ref": str(answer.ref)}


def submissions(api: Kaggle, slug: str) -> Reply:
    """Return the account and every submission of its team, the newest first."""
    with api.build_kaggle_client() as client:
        listed = [_submission(entry) for entry in _listed(client, slug)]
    return {"account": api.config_values.get("username") or "", "submissions": listed}


COMMANDS: Final[dict[str, Callable[..., Reply]]] = {
    command.__name__: command
    for command in (size, download, allowance, standing, submit, submissions)
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
        return failure("credentials")
    except Exception as error:
        return classify(error)


def _authenticated() -> Kaggle:
    api = importlib.import_module("kaggle").api
    api.authenticate()  # the import tried to as well, but hides failures
    return api


class _Json:
    """Stands in for the client's types of answers, which fail on any value they do not know."""

    @staticmethod
    def prepare_from(answer: Any) -> Reply:  # noqa: ANN401
        content = answer.json()
        return content if isinstance(content, dict) else {}


def _call(client: Kaggle, name: str, request: Kaggle) -> Reply:
    http = client.http_client()
    reply: Reply = http.call("competitions.CompetitionApiService", name, request, _Json)
    return reply


def _about(kind: str, slug: str) -> Kaggle:
    request = getattr(_types(), kind)()
    request.competition_name = slug
    return request


def _archive(client: Kaggle, slug: str) -> Kaggle:
    """Return the answer whose body, not read yet, is the archive."""
    request = _about("ApiDownloadDataFilesRequest", slug)
    answer = client.competitions.competition_api_client.download_data_files(request)
    _require_data(answer)
    return answer


def _require_data(answer: Kaggle) -> None:
    if answer.headers.get("Content-Type", "").partition("/")[0].strip().lower() == "text":
        raise WebPageError


def _raise_for_error_bodies() -> None:
    """Make the client raise where it would save the page of an error in place of the archive.

    kaggle 2.2.4 overwrites a partial download in this way; 2.2.5 checks the status itself, but
    not whether the answer is a page.
    """
    requests: Any = importlib.import_module("requests")
    plain = requests.request

    def checked(*arguments: object, **options: object) -> Kaggle:
        answer = plain(*arguments, **options)
        if answer.status_code != NO_RANGE:
            answer.raise_for_status()
        _require_data(answer)
        return answer

    requests.request = checked


def _files(client: Kaggle, slug: str) -> Iterator[Reply]:
    # Some competitions list every image: a few pages suffice, and more would hit rate limits.
    request = _about("ApiListDataFilesRequest", slug)
    request.page_size = 200
    for _ in range(FILE_PAGES):
        answer = _call(client, "ListDataFiles", request)
        yield from _entries(answer.get("files"))
        if not answer.get("nextPageToken"):
            return
        request.page_token = str(answer["nextPageToken"])


def _listed(client: Kaggle, slug: str) -> Iterator[Reply]:
    token = ""
    for _ in range(PAGES):
        request = _about("ApiListSubmissionsRequest", slug)
        request.page_size = 100
        if token:
            request.page_token = token
        else:
            request.page = 1
        answer = _call(client, "ListSubmissions", request)
        yield from _entries(answer.get("submissions"))
        token = str(answer.get("nextPageToken") or "")
        if not token:
            return


def _entries(value: object) -> list[Reply]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _submission(entry: Reply) -> dict[str, str]:
    names = {
        "ref": "ref",
        "message": "description",
        "status": "status",
        "public": "publicScore",
        "private": "privateScore",
        "words": "errorDescription",
        "date": "date",
    }
    return {name: _text(entry.get(key)) for name, key in names.items()}


def _text(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())


def _count(value: object) -> int | None:
    """Return a number that is not negative; None for anything else."""
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if number >= 0 else None


def _types() -> Kaggle:
    return importlib.import_module("kagglesdk.competitions.types.competition_api_service")


if __name__ == "__main__":
    main()
