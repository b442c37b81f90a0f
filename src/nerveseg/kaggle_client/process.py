"""Runs the bridge under a time limit and turns its failures into one line without secrets."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any, Final

from pydantic import TypeAdapter

from nerveseg.kaggle_client.credentials import Credential, environment, require, scrub
from nerveseg.kaggle_client.messages import Failure, explain, too_slow

_REPLY: Final = TypeAdapter(dict[str, Any])
_FAILURE: Final = TypeAdapter(Failure)
LOG_SECONDS: Final = 10.0  # between two lines of progress if stderr is not a terminal


def ask(
    command: str, slug: str, *rest: str, seconds: float, held: int | None = None
) -> dict[str, Any]:
    """Return the bridge's reply to `command` about competition `slug`.

    Args:
        command: a name in `bridge.COMMANDS`.
        slug: the competition.
        rest: the command's other arguments.
        seconds: the time limit.
        held: a file descriptor that the child process keeps open until it ends.

    Raises:
        UnavailableError: Kaggle could not answer now.
        InputError: no credentials, no answer in time, or a failure reported by the bridge.
    """
    credentials = require()
    with _start([command, slug, *rest], held) as child:
        try:
            replied, said = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            raise too_slow(f"'{command}'", seconds) from None
        except BaseException:
            child.kill()
            raise
    return _reply(replied, said, slug, credentials)


def download(slug: str, folder: Path, stall_seconds: float, held: int | None = None) -> None:
    """Download the archive to `folder`/`slug`.zip and show the client's progress on stderr.

    Args:
        slug: the competition.
        folder: where the archive goes; a partial download in it is resumed.
        stall_seconds: how long the download may make no progress.
        held: a file descriptor that the child process keeps open until it ends.

    Raises:
        UnavailableError: Kaggle could not answer now, or the connection was cut.
        InputError: no credentials, a stalled download, or a failure reported by the bridge.
    """
    credentials = require()
    said: list[str] = []
    with _start(["download", slug, str(folder)], held) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        reader = threading.Thread(target=_forward, args=(child.stderr, credentials, said))
        reader.start()
        try:
            _until_ended(child, folder / f"{slug}.zip", stall_seconds)
        except BaseException:
            child.kill()
            raise
        finally:
            reader.join()
        replied = child.stdout.read()
    _reply(replied, "\n".join(said), slug, credentials)


def _start(arguments: list[str], held: int | None = None) -> subprocess.Popen[str]:
    # VERBOSE makes the client print every request with its authorization header.
    quiet = {"VERBOSE": "false", "VERBOSE_OUTPUT": "false", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "nerveseg.kaggle_client.bridge", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environment(), **quiet},
        pass_fds=() if held is None else (held,),
        encoding="utf-8",
        errors="replace",
    )


def _until_ended(child: subprocess.Popen[str], growing: Path, stall_seconds: float) -> None:
    seen, since = -1, time.monotonic()
    while child.poll() is None:
        size = growing.stat().st_size if growing.exists() else 0
        if size != seen:
            seen, since = size, time.monotonic()
        elif time.monotonic() - since > stall_seconds:
            raise too_slow("waiting for more of the archive", stall_seconds)
        time.sleep(0.1)


def _forward(stream: IO[str], credentials: list[Credential], said: list[str]) -> None:
    # Scrub whole lines: part of a token would not be recognised. Progress bars end their lines
    # with \r, which text mode reads as the end of a line.
    terminal, shown = sys.stderr.isatty(), 0.0
    for line in stream:
        text = scrub(line.strip(), credentials)
        if "%|" not in text:
            said.append(text)
            sys.stderr.write(f"{text}\n" if text or terminal else "")
        elif terminal:
            sys.stderr.write(f"\r{text}")
        elif time.monotonic() - shown > LOG_SECONDS:
            shown = time.monotonic()
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def _reply(replied: str, said: str, slug: str, credentials: list[Credential]) -> dict[str, Any]:
    try:
        reply = _REPLY.validate_json(replied)
        failure = _FAILURE.validate_python(reply["failure"]) if "failure" in reply else None
    except ValueError:  # the client crashed, or printed in place of the bridge
        failure = Failure("other", words=(said.strip().splitlines() or [""])[-1])
    if failure is None:
        return reply
    words = scrub(failure.words, credentials)
    raise explain(failure._replace(words=words), slug, credentials)
