"""Whether a video may be written to a path, before anything is loaded or captured for it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from nerveseg.errors import InputError

SUFFIX: Final = ".mp4"


def check_video_target(out: Path, inputs: Iterable[Path]) -> None:
    """Refuse to write a video over another file, or under a name that says another format.

    Args:
        out: the video to write.
        inputs: files that are read meanwhile, or are to be there afterwards.

    Raises:
        InputError: `out` is one of `inputs`, also by a link or another spelling; it is there
            already; or its name does not end in .mp4.
    """
    if out.suffix.lower() != SUFFIX:
        raise InputError(f"{out}: the video is an MP4 file; give a name that ends in {SUFFIX}")
    if out.is_dir():
        raise InputError(f"{out}: is a folder; give the name of a file in it")
    for path in inputs:
        if is_same_file(out, path):
            raise InputError(
                f"{out}: is the input {path}, which the video would replace; give another name"
            )
    if out.exists():
        raise InputError(f"{out}: is there already; give another name, or remove it")


def is_same_file(one: Path, other: Path) -> bool:
    """Return whether two paths lead to one file; False where one of them leads to none."""
    return one.exists() and other.exists() and one.samefile(other)
