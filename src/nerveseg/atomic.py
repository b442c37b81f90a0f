"""Outputs that are complete or absent: written to a temporary folder, then renamed.

A killed process leaves its temporary folder, called `.partial-*`, beside its output. .dvcignore
excludes these names from the folders that are dependencies. The next process that writes to the
same folder removes what was left there, and `nerveseg recover` removes all of it.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

PREFIX: Final = ".partial-"


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path with the name of `path`; rename it to `path` on success.

    If an exception is raised, the temporary file is removed and `path` is left unchanged.
    """
    with _temporary_folder(path.parent) as folder:
        # The same name, because image writers and numpy choose the format by its suffix.
        temporary = folder / path.name
        temporary.touch()
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)


@contextmanager
def whole_files(folder: Path) -> Iterator[Path]:
    """Yield a new temporary folder next to `folder`; move its files into `folder` on success.

    If an exception is raised, the temporary folder is removed and `folder` is left unchanged. Other
    files in `folder` are kept, because they may be the user's own.
    """
    with _temporary_folder(folder.parent) as temporary:
        yield temporary
        folder.mkdir(exist_ok=True)
        for file in sorted(temporary.iterdir()):
            file.replace(folder / file.name)


def remove_partial(folder: Path) -> list[Path]:
    """Remove what killed processes left in `folder`, and return the paths.

    Folders that a running process is writing to are kept.
    """
    return [each for each in sorted(folder.glob(f"{PREFIX}*")) if _removed(each)]


@contextmanager
def _temporary_folder(parent: Path) -> Iterator[Path]:
    parent.mkdir(parents=True, exist_ok=True)
    remove_partial(parent)
    temporary, lock = _locked_folder(parent)
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        os.close(lock)


def _locked_folder(parent: Path) -> tuple[Path, int]:
    """Return a new folder in `parent`, and the open file whose lock says that it is in use."""
    while True:
        temporary = Path(tempfile.mkdtemp(dir=parent, prefix=PREFIX))
        lock = os.open(temporary, os.O_RDONLY)
        with suppress(OSError):  # not every network file system can lock a folder
            fcntl.flock(lock, fcntl.LOCK_EX)
        # Another process may have removed it before it was locked.
        if temporary.exists():
            return temporary, lock
        os.close(lock)


def _removed(temporary: Path) -> bool:
    try:
        lock = os.open(temporary, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # in use, or on a file system that cannot lock
        return False
    else:
        shutil.rmtree(temporary, ignore_errors=True)
        return not temporary.exists()
    finally:
        os.close(lock)
