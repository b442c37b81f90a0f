"""Cleans up what a killed DVC left behind; `make repro` runs this first.

DVC 3.67 rewrites dvc.lock and .dvc/tmp/rwlock in place. If it is killed while writing, it leaves a
truncated file, and every later `dvc` command fails. If it is killed while it links an output to its
cache, it leaves a temporary file beside the output, in a folder that may be a dependency.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

import psutil
from dvc.dvcfile import Lockfile
from dvc.exceptions import DvcException
from dvc.lock import LockError, make_lock
from dvc.repo import Repo
from dvc.rwlock import SCHEMA
from voluptuous import Invalid

from nerveseg.atomic import remove_partial
from nerveseg.errors import InputError
from nerveseg.params.section import PARAMS_FILE

OUTPUT_FOLDERS: Final = ("data", "submissions", "metrics", "report")
"""Folders with outputs of the pipeline."""

_DVC_TEMPORARY: Final = re.compile(r".*\.[A-Za-z0-9_-]{22}\.tmp")
"""What `dvc_objects.fs.utils.tmp_fname` returns. .dvcignore excludes these names as well."""


def recover(root: Path) -> list[str]:
    """Make DVC's records readable again.

    A dvc.lock that DVC cannot read is moved aside. No finished stage runs again, because DVC finds
    its results in the run cache.

    Args:
        root: root of the repository; its dvc.lock and those of its direct subfolders are checked.

    Returns:
        One line for each file that was moved or removed, and one if params.yaml may hold the values
        of an experiment that was killed.

    Raises:
        InputError: `root` is not a DVC repository, or DVC is running in it.
    """
    where = root.resolve()
    try:
        repo = Repo(str(root))
        with repo.lock, make_lock(str(root / ".dvc/tmp/rwlock.lock")):
            return [
                *_repair_lock_files(repo, root),
                *_repair_rwlock(root / ".dvc/tmp/rwlock"),
                *_remove_partial(root),
                *_staged_parameters(root),
            ]
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
        except Exception:
            # Damaged YAML makes the parser raise many types of errors. The file is not deleted: it
            # may be unreadable because of merge conflict markers.
            aside = root / ".dvc/tmp/nerveseg/unreadable" / path.relative_to(root)
            aside.parent.mkdir(parents=True, exist_ok=True)
            number = count(2)
            while os.path.lexists(aside):  # what was moved there before may be needed, too
                aside = aside.with_name(f"{path.name}.{next(number)}")
            path.replace(aside)
            yield f"{path}: unreadable, as after a killed dvc; moved to {aside}"


def _repair_rwlock(path: Path) -> Iterator[str]:
    # DVC itself ignores entries of processes that have ended. It fails on a truncated file, and on
    # a process id that now belongs to another program, as after the restart of a container.
    if path.is_dir():
        shutil.rmtree(path)
        yield f"{path}: a folder, where dvc expects a file; removed"
        return
    text = path.read_text(errors="replace") if path.exists() else "{}"
    owners = [int(pid) for pid in re.findall(r'"pid": (\d{1,9})\b', text)]
    root = path.parents[2].resolve()
    if (owners or not _is_rwlock(text)) and not any(_is_dvc(owner, root) for owner in owners):
        path.unlink()
        yield f"{path}: left by a dvc that has ended; removed"


def _is_rwlock(text: str) -> bool:
    """Return whether DVC accepts `text` as the content of its rwlock."""
    try:
        SCHEMA(json.loads(text))
    except (ValueError, RecursionError, Invalid):
        return False
    return True


def _remove_partial(root: Path) -> Iterator[str]:
    for name in OUTPUT_FOLDERS:
        for folder in [root / name, *filter(Path.is_dir, sorted((root / name).rglob("*")))]:
            for path in [*remove_partial(folder), *_remove_temporary(folder)]:
                yield f"{path}: left by a process that has ended; removed"


def _remove_temporary(folder: Path) -> Iterator[Path]:
    # The caller holds DVC's lock, so no DVC is still using them.
    for path in sorted(folder.glob("*.tmp")):
        if _DVC_TEMPORARY.fullmatch(path.name) and not path.is_dir():
            path.unlink()
            yield path


def _staged_parameters(root: Path) -> Iterator[str]:
    # `dvc exp run` restores params.yaml at its end, which it does not reach if it is killed.
    command = ["git", "diff", "--cached", "--quiet", "--", str(PARAMS_FILE)]
    with suppress(OSError):
        if subprocess.run(command, cwd=root, capture_output=True, check=False).returncode == 1:
            yield (
                f"{root / PARAMS_FILE}: has staged changes, as after a killed dvc exp run; if they "
                f"are not yours: git restore --staged --worktree {PARAMS_FILE}"
            )


def _is_dvc(pid: int, root: Path) -> bool:
    """Return whether a process is a DVC that works in `root`; others may have its old number."""
    try:
        process = psutil.Process(pid)
        if not any("dvc" in word for word in process.cmdline()):
            return False
        return Path(process.cwd()).resolve().is_relative_to(root)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
