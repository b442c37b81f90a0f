"""One exchange with Kaggle at a time, also when a killed run left its client running."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nerveseg.errors import InputError


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold the lock file at `path`; yield its descriptor, to be handed to child processes.

    The lock lasts until the last process that holds the descriptor has ended.

    Raises:
        InputError: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{path}: another run is talking to Kaggle; wait until it has ended"
            ) from None
        yield file.fileno()
