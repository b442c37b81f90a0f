"""What an import says at its end: what it holds, and the parameters that suit it."""

import re
import shlex
from collections.abc import Iterator, Mapping
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
_PLAIN: Final = re.compile(r"archive|image|(?=.*/)[A-Za-z0-9_./-]+")


def summary(imported: Imported) -> Iterator[str]:
    """Yield what an archive holds and what it does not, a line each."""
    contents = imported.contents
    for name, group in (("train", contents.train), ("test", contents.test)):
        subjects = len({each.subject for each in group})
        frames = f"{name}: {_counted(len(group), 'frame')} of {_counted(subjects, 'subject')}"
        known = [each for each in group if each.frame.pixels is not None]
        outlined = sum(each.frame.pixels != "" for each in known)
        yield f"{frames}, {outlined} with a mask" if known else f"{frames}, masks not known"
    if imported.left_out:
        yield f"left out because they have no mask: {_counted(imported.left_out, 'frame')}"
    if ignored := imported.ignored:
        names = [name.encode(errors="replace").decode() for name in ignored[:_SHOWN]]
        some = ", ".join(names) + (", ..." if len(ignored) > _SHOWN else "")
        yield f"ignored because no pattern matches: {_counted(len(ignored), 'file')} ({some})"


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


def command(parameters: Mapping[str, object]) -> str:
    """Return the command that runs the pipeline with `parameters`, as a line of shell."""
    return shlex.join(command_words(parameters))


def command_words(parameters: Mapping[str, object]) -> list[str]:
    """Return the command that runs the pipeline with `parameters`."""
    texts = (
        f"{key}={_quoted(value) if isinstance(value, str) else value}"
        for key, value in parameters.items()
    )
    return ["dvc", "exp", "run", *(word for text in texts for word in ("-S", text))]


def warnings(contents: Contents) -> Iterator[str]:
    """Yield a warning for images that are the same and stand under different subjects."""
    first: dict[str, Numbered] = {}
    for each in [*contents.train, *contents.test]:
        other = first.setdefault(each.frame.digest, each)
        if other.subject != each.subject:
            names = other.frame.source, each.frame.source
            yield (
                f"{names[0].name} and {names[1].name} are the same image, but of the subjects "
                f"{names[0].subject} and {names[1].subject}; remove one, or correct --subject"
            )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _quoted(value: str) -> str:
    """Return a value as DVC's option -S reads it (Hydra's grammar of overrides)."""
    if _PLAIN.fullmatch(value):
        return value
    # A backslash escapes only where it stands before a quote.
    escaped = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + "\\'" * bool(found[2]), value)
    return f"'{escaped}'"


def _area(each: Numbered) -> int:
    runs = rle.runs(each.frame.pixels or "", IMAGE_SHAPE[0] * IMAGE_SHAPE[1])
    return int(np.diff(runs).sum())
