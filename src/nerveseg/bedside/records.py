"""What was predicted before: a small file for each source, and the table of all of them.

A record is written last, after the outputs of its source, so whatever has a record is complete.
"""

import csv
import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from nerveseg.artefact.decision import State
from nerveseg.atomic import whole_file
from nerveseg.bedside.words import rounded
from nerveseg.errors import InputError
from nerveseg.media.sources import Source
from nerveseg.sha256 import sha256_of

TABLE: Final = "predictions.csv"
MASKS: Final = "masks"
OVERLAYS: Final = "overlays"
COLUMNS: Final = ("file", "frame", "state", "probability", "area_px", "area_mm2", "rle")

_FOLDER: Final = ".records"


class Row(BaseModel):
    """One frame in the table.

    Attributes:
        frame: its number within the source, from 0.
        state: `nerve`, `none` or `unsure`.
        probability: the probability of a nerve, 0..1.
        area_px: area of the mask in pixels.
        area_mm2: the same in mm2; None if the spacing is not known.
        rle: the mask in the competition's encoding (`nerveseg.rle`).
    """

    model_config = ConfigDict(frozen=True)

    frame: int
    state: State
    probability: float
    area_px: int
    area_mm2: float | None
    rle: str


class Record(BaseModel):
    """What was predicted for one source.

    Attributes:
        key: changes with the source's content, the model and the options.
        files: the files that were written, relative to the folder of the outputs.
        rows: one for each frame.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    files: list[str]
    rows: list[Row]


def key_of(source: Source, settings: str) -> str | None:
    """Return what a record of `source` is recognised by; None for a camera.

    Args:
        source: the source.
        settings: identifies the model and the options.

    Raises:
        InputError: the file cannot be read.
    """
    if source.kind == "camera":
        return None
    return hashlib.sha256(f"{settings}\n{sha256_of(source.path)}".encode()).hexdigest()


def read_record(out: Path, name: str) -> Record | None:
    """Return the record of the source called `name`; None without one, or if it is damaged."""
    try:
        return Record.model_validate_json(_path(out, name).read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError):
        return None


def folders_of(out: Path) -> tuple[Path, Path]:
    """Return the folders below `out` that hold masks and overlays; nothing in them is an input."""
    return out / MASKS, out / OVERLAYS


def claim(out: Path) -> None:
    """Mark a folder as one of predictions before anything is written to it, and create it.

    Whatever comes of the call that does so, later ones may write there, too.

    Raises:
        InputError: it holds a file or folder of a name that predictions use, but no records.
    """
    if (out / _FOLDER).is_dir():
        return
    for name in (TABLE, MASKS, OVERLAYS):
        if os.path.lexists(out / name):
            raise InputError(
                f"{out / name}: is there, and nerveseg predict has not written it; give another "
                "folder with -o"
            )
    (out / _FOLDER).mkdir(parents=True)


def is_current(out: Path, record: Record | None, key: str | None) -> bool:
    """Return whether a record has the key `key`, and all of its files are still there."""
    if record is None or key is None or record.key != key:
        return False
    return all((out / file).is_file() for file in record.files)


def forget(out: Path, name: str) -> None:
    """Remove the record of a source, and the files that it lists."""
    record = read_record(out, name)
    _path(out, name).unlink(missing_ok=True)
    for file in record.files if record else ():
        path = out / file
        # A record is a file like any other: it must make nothing vanish but masks and overlays. The
        # folder may hold images, too.
        if any(_inside(path, folder) for folder in folders_of(out)) and _inside(path, out):
            path.unlink(missing_ok=True)


def write_record(out: Path, name: str, record: Record) -> None:
    """Write the record of the source called `name`."""
    with whole_file(_path(out, name)) as temporary:
        temporary.write_text(record.model_dump_json(), encoding="utf-8")


def write_table(out: Path, rows: Iterable[tuple[str, Sequence[Row]]]) -> None:
    """Write the table of all frames: for each source its name and its rows."""
    with (
        whole_file(out / TABLE) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for name, each in rows:
            for row in each:
                area = "" if row.area_mm2 is None else f"{row.area_mm2:.2f}"
                outlined = row.area_px > 0
                probability = f"{rounded(row.state, row.probability, 4, outlined=outlined):.4f}"
                table.writerow(
                    (name, row.frame, row.state, probability, row.area_px, area, row.rle)
                )


def _inside(path: Path, folder: Path) -> bool:
    return folder.resolve() in path.resolve().parents


def _path(out: Path, name: str) -> Path:
    return out / _FOLDER / f"{name}.json"
