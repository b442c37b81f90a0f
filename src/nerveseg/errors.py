"""The exception for every error that the user can correct, and the function that reports it."""

import errno
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NoReturn, TextIO

_FULL: Final = "free some disk space and run again"
_ACCESS: Final = "give yourself the permission or use another path, and run again"
_OTHER_PATH: Final = "correct the path, or move what is there, and run again"
_REMEDIES: Final[Mapping[int | None, str]] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: "use a file system that allows larger files",
    errno.EACCES: _ACCESS,
    errno.EPERM: _ACCESS,
    errno.EROFS: "use a file system that can be written to",
    errno.ENOENT: "check the path, and run dvc repro if a stage writes it",
    errno.EEXIST: _OTHER_PATH,
    errno.ENOTDIR: _OTHER_PATH,
    errno.EISDIR: _OTHER_PATH,
    errno.ELOOP: _OTHER_PATH,
    errno.ENAMETOOLONG: "use a shorter name or path",
    errno.EMFILE: "raise the limit on open files (ulimit -n) and run again",
    errno.ENFILE: "end programs that hold many files open and run again",
    errno.ENOMEM: "end other programs or use a machine with more memory",
    errno.EIO: "check the disk or the connection to it, and run again",
    errno.ESTALE: "check the connection to the file server, and run again",
    errno.ETIMEDOUT: "check the connection to the file server, and run again",
}


class InputError(Exception):
    """Invalid input. The message is one line that says what is wrong, where, and what to do."""


class FaultsError(InputError):
    """Several faults, each with a line of its own.

    Attributes:
        lines: one message for each fault.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = list(lines)


@contextmanager
def within(where: str) -> Iterator[None]:
    """Prefix the message of an `InputError` raised inside with `where`, such as a parameter."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def run(main: Callable[[], None]) -> None:
    """Run a command; report an `InputError` in one line on stderr and exit with code 1.

    So are the errors of the operating system that the user can correct, such as a full disk.
    Ctrl-C is reported in one line as well, with the exit code that shells use for it, 130. Any
    other exception is a bug and keeps its traceback.
    """
    # Names of files need not be UTF-8, and nothing may be lost because one cannot be shown.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        main()
        if sys.stdout is not None:
            sys.stdout.flush()  # here rather than at the exit, where errors are not reported
    except FaultsError as error:
        _fail(*error.lines)
    except InputError as error:
        _fail(str(error))
    except BrokenPipeError:
        _discard(sys.stdout)
        _fail("standard output was closed before everything was written")
    except OSError as error:
        if (line := explained(error)) is None:
            raise
        _discard(sys.stdout)
        _fail(line)
    except KeyboardInterrupt as stop:
        _report(": ".join(filter(None, ["interrupted", str(stop)])))
        sys.exit(130)


def explained(error: OSError) -> str | None:
    """Return a line that says what to do about an error of the operating system.

    None for errors that the user cannot correct.
    """
    if error.errno not in _REMEDIES:
        return None
    where = error.filename2 or error.filename
    parts = [] if where is None else [os.fsdecode(where) if not isinstance(where, int) else ""]
    return f"{': '.join([*parts, str(error.strerror)])}; {_REMEDIES[error.errno]}"


def _fail(*lines: str) -> NoReturn:
    for line in lines:
        _report(f"error: {line}")
    sys.exit(1)


def _report(line: str) -> None:
    # Standard error may be closed or full, too.
    try:
        if sys.stderr is not None:
            print(" ".join(line.split()), file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    # Python writes what is left at the exit, fails again, and changes the exit code.
    with suppress(OSError, AttributeError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
