"""Clears away what a killed DVC left behind: `make repro` runs it first.

DVC 3.67 rewrites dvc.lock and .dvc/tmp/rwlock in place. Killed within those milliseconds it leaves
half a file, and every later `dvc` stops there.
"""

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path

import psutil
from dvc.dvcfile import Lockfile
from dvc.exceptions import DvcException
from dvc.lock import LockError, make_lock
from dvc.repo import Repo

from nerveseg.errors import InputError, run


def recover(root: Path) -> list[str]:
    """Make DVC's records readable again.

    A dvc.lock that DVC can't read is set aside: what was finished, DVC finds in its run cache.

    Args:
        root: of the repository; its dvc.lock and those of its direct folders are looked after.

    Returns:
        A line for each file that was in the way.

    Raises:
        InputError: `root` is no repository of DVC's, or DVC is at work in it.
    """
    where = root.resolve()
    try:
        repo = Repo(str(root))
        with repo.lock, make_lock(str(root / ".dvc/tmp/rwlock.lock")):
            return [*_mend_lock_files(repo, root), *_mend_rwlock(root / ".dvc/tmp/rwlock")]
    except LockError as error:
        raise InputError(f"{where}: another dvc is at work here; wait for it to end") from error
    except DvcException as error:
        raise InputError(f"{where}: {error}; run this where dvc.yaml is") from error


def _mend_lock_files(repo: Repo, root: Path) -> Iterator[str]:
    for path in sorted([*root.glob("dvc.lock"), *root.glob("*/dvc.lock")]):
        try:
            Lockfile(repo, str(path)).load()
        except DvcException:
            # Not thrown away: it may be unreadable for the marks of a merge.
            aside = root / ".dvc/tmp/nerveseg/unreadable" / path.relative_to(root)
            aside.parent.mkdir(parents=True, exist_ok=True)
            path.replace(aside)
            yield f"{path}: unreadable, as after a kill; moved to {aside}"


def _mend_rwlock(path: Path) -> Iterator[str]:
    # DVC itself forgets a process that is gone. It trips over half a file, and over a number
    # that is another program's now, as after the restart of a container.
    text = path.read_text() if path.exists() else "{}"
    owners = [int(number) for number in re.findall(r'"pid": (\d+)', text)]
    if (owners or not _is_json(text)) and not any(map(_is_dvc, owners)):
        path.unlink()
        yield f"{path}: left by a dvc that is gone; removed"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _is_dvc(process: int) -> bool:
    try:
        return any("dvc" in word for word in psutil.Process(process).cmdline())
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def main() -> None:
    """Mend the repository in the working directory; say what was in the way."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for line in recover(Path()):
        print(line)


if __name__ == "__main__":
    run(main)
