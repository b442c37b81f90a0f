"""The exception for every error that the user can correct, and the function that reports it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class InputError(Exception):
    """Invalid input. The message is one line that says what is wrong, where, and what to do."""


@contextmanager
def within(where: str) -> Iterator[None]:
    """Prefix the message of an `InputError` raised inside with `where`, such as a parameter."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def run(main: Callable[[], None]) -> None:
    """Run a command; report an `InputError` in one line on stderr and exit with code 1.

    Ctrl-C is reported in one line as well, with the exit code that shells use for it, 130. Any
    other exception is a bug and keeps its traceback.
    """
    try:
        main()
    except InputError as error:
        line = " ".join(str(error).split())
        print(f"error: {line}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt as stop:
        print(": ".join(filter(None, ["interrupted", str(stop)])), file=sys.stderr)
        sys.exit(130)
