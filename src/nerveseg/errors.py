"""One kind of error for everything a user can put right, and the one place that reports it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class InputError(Exception):
    """Bad input. The message is one line that says what is wrong, where, and what to do."""


@contextmanager
def within(place: str) -> Iterator[None]:
    """Put `place` (a key of params.yaml, say) before the message of an `InputError` inside."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


def run(main: Callable[[], None]) -> None:
    """Run a command; an `InputError` becomes one line on stderr and exit code 1.

    So does Ctrl-C, with the exit code that shells give it, 130.
    Any other exception is a defect of ours and keeps its traceback.
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
