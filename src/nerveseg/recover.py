"""Cleans up what a killed DVC left behind; `make repro` runs this first.

DVC 3.67 rewrites dvc.lock and .dvc/tmp/rwlock in place. If it is killed while writing, it leaves a
truncated file, and every later `dvc` command fails.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import psutil
from dvc.dvcfile import Lockfile
from dvc.exceptions import DvcException
from dvc.lock import LockError, make_lock
from dvc.repo import Repo

from nerveseg.errors import InputError


def recover(root: Path) -> list[str]:
    """Make DVC's records readable again.

    A dvc.lock that DVC cannot read is moved aside. No finished stage runs again, because DVC finds
    its results in the run cache.

    Args:
        root: root of the repository; its dvc.lock and those of its direct subfolders are checked.

    Returns:
        One line for each file that was moved or removed.

    Raises:
        InputError: `root` is not a DVC repository, or DVC is running in it.
    """
    where = root.resolve()
    try:
        repo = Repo(str(root))
        with repo.lock, make_lock(str(root / ".dvc/tmp/rwlock.lock")):
            return [*_repair_lock_files(repo, root), *_repair_rwlock(root / ".dvc/tmp/rwlock")]
    except LockError as error:
        raise InputError(f"{where}: another dvc is running here; wait for it to finish") from error
    except DvcException as error:
        raise InputError(
            f"{where}: {error}; run this in the folder that contains dvc.yaml"
        ) from error


def _repair_lock_files(repo: Repo, root: Path) -> Iterator[str]:
    for path in sorted([*root.glob("dvc.lock"), *root.glob("*/dvc.lock")]):
        try:
            Lockfile(repo, str(path)).load()
        except DvcException:
            # Not deleted: it may be unreadable because of merge conflict markers.
            aside = root / ".dvc/tmp/nerveseg/unreadable" / path.relative_to(root)
            aside.parent.mkdir(parents=True, exist_ok=True)
            path.replace(aside)
            yield f"{path}: unreadable, as after a killed dvc; moved to {aside}"


def _repair_rwlock(path: Path) -> Iterator[str]:
    # DVC itself ignores entries of processes that have ended. It fails on a truncated file, and on
    # a process id that now belongs to another program, as after the restart of a container.
    text = path.read_text() if path.exists() else "{}"
    owners = [int(pid) for pid in re.findall(r'"pid": (\d+)', text)]
    if (owners or not _is_json(text)) and not any(map(_is_dvc, owners)):
        path.unlink()
        yield f"{path}: left by a dvc that has ended; removed"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _is_dvc(pid: int) -> bool:
    try:
        return any("dvc" in word for word in psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
