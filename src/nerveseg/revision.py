"""The git revision that the code runs at."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

# DVC writes its lock files while stages run, and the stages write the rest: these are not edits.
_WRITTEN_BY_STAGES: Final = (
    ":(exclude,top)**dvc.lock",
    ":(exclude,top)leaderboard/submissions.json",
    ":(exclude,top)metrics",
)


class Revision(NamedTuple):
    """A git revision.

    Attributes:
        commit: the full hash of HEAD.
        edited: whether tracked files that were asked for differ from it, apart from those that
            stages write.
    """

    commit: str
    edited: bool


def find_revision(folder: Path, paths: Sequence[str] = (".",)) -> Revision | None:
    """Return the revision checked out in `folder`; None outside a repository or without git.

    Args:
        folder: a folder of the working tree.
        paths: files and folders within it whose edits count.
    """
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return None
    status = ("status", "--porcelain", "--untracked-files=no", "--", *paths, *_WRITTEN_BY_STAGES)
    return Revision(commit, bool(_git(folder, *status)))


def committed_text(path: Path) -> str:
    """Return the text of a file at HEAD; '' if HEAD has no such file or there is no repository."""
    return _git(path.parent, "show", f"HEAD:./{path.name}")


def _git(folder: Path, *arguments: str) -> str:
    """Return what git prints, or '' if git is missing or fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
