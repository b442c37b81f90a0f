"""What an import says at its end: what it holds, and the parameters that suit it."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from nerveseg import rle
from nerveseg.data import layout
from nerveseg.importing.numbering import Contents, Numbered
from nerveseg.importing.run import Imported
from nerveseg.importing.writer import ARCHIVE, is_scored
from nerveseg.rle import IMAGE_SHAPE

FOLDS: Final = 4
LEAST_AREA: Final = 2000
"""Defaults of split.folds and encode.min_total."""

_SHOWN: Final = 3


def summary(imported: Imported) -> Iterator[str]:
    """Yield what an archive holds and what it does not, a line each."""
    contents = imported.contents
    for name, group in (("train", contents.train), ("test", contents.test)):
        subjects = len({each.subject for each in group})
        frames = f"{name}: {len(group)} frames of {subjects} subjects"
        known = [each for each in group if each.frame.pixels is not None]
        outlined = sum(each.frame.pixels != "" for each in known)
        yield f"{frames}, {outlined} with a mask" if known else f"{frames}, masks not known"
    if imported.left_out:
        yield f"left out because they have no mask: {imported.left_out} frames"
    if ignored := imported.ignored:
        names = [name.encode(errors="replace").decode() for name in ignored[:_SHOWN]]
        some = ", ".join(names) + (", ..." if len(ignored) > _SHOWN else "")
        yield f"ignored because no pattern matches: {len(ignored)} files ({some})"


def settings(contents: Contents, out: Path) -> dict[str, object]:
    """Return the parameters with which the pipeline takes the archive, by their dotted names."""
    found: dict[str, object] = {"data.source": "archive", "data.archive": str(out / ARCHIVE)}
    if is_scored(contents):
        found["data.solution"] = str(out / layout.SOLUTION)
    subjects = len({each.subject for each in contents.train})
    if subjects == 1:
        found["split.protocol"] = "image"
    elif subjects < FOLDS:
        found["split.folds"] = subjects
    areas = [area for each in contents.train if (area := _area(each))]
    if areas and min(areas) < LEAST_AREA:
        # Half of the smallest mask, so that a network may find a little less than was drawn.
        found["encode.min_blob"] = found["encode.min_total"] = min(areas) // 2
    return found


def command(parameters: dict[str, object]) -> str:
    """Return the command that runs the pipeline with `parameters`."""
    options = [f"-S {shlex.quote(f'{key}={value}')}" for key, value in parameters.items()]
    return " ".join(["dvc exp run", *options])


def _area(each: Numbered) -> int:
    runs = rle.runs(each.frame.pixels or "", IMAGE_SHAPE[0] * IMAGE_SHAPE[1])
    return int(np.diff(runs).sum())
