"""Reading and writing the CSV files of a submission."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nerveseg import rle
from nerveseg.errors import InputError
from nerveseg.files import whole_file

HEADER: Final = ("img", "pixels")
SIZE: Final = rle.IMAGE_SHAPE[0] * rle.IMAGE_SHAPE[1]
"""Pixels of a frame."""

# A speckled mask has more runs than fit into the 128 KiB that csv allows a field.
_LONGEST_FIELD = 1 << 24


def read(path: Path) -> dict[int, str]:
    """Return the run-length encoded mask of every image, in the order of the file.

    The masks themselves are not looked at: `nerveseg.submission.check` does that.

    Raises:
        InputError: not readable, another header, a row of another shape, an id twice.
    """
    masks: dict[int, str] = {}
    for line, (img, pixels) in rows(path, HEADER):
        number = img_number(path, line, img)
        if number in masks:
            raise InputError(f"{path}: line {line} (img {img}): this id came before; keep one row")
        masks[number] = pixels
    return masks


def write(path: Path, masks: Mapping[int, str]) -> None:
    """Write a submission in numeric order, checked before the file appears.

    Raises:
        InputError: a mask is malformed; the file at `path` is left as it was.
    """
    for img, pixels in masks.items():
        check_pixels(f"{path}: img {img}", pixels)
    with whole_file(path) as new, new.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(sorted(masks.items()))


def read_ids(path: Path) -> list[int]:
    """Return the column `img` of a sample submission, or of any table that begins with it.

    Raises:
        InputError: not readable, no such column, or no rows.
    """
    table = _fields(path)
    _, header = next(table, (1, []))
    if header[:1] != ["img"]:
        raise InputError(f"{path}: its first column is not 'img'; give a sample submission")
    ids = [img_number(path, line, fields[0] if fields else "") for line, fields in table]
    if not ids:
        raise InputError(f"{path}: no rows; give a sample submission with a row per test image")
    return ids


def rows(path: Path, header: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of every row under `header`.

    Raises:
        InputError: not readable, another header, or a row with more or fewer fields.
    """
    table = _fields(path)
    _, found = next(table, (1, []))
    wanted = ",".join(header)
    if tuple(found) != header:
        name = ",".join(found)[:60]
        raise InputError(f"{path}: line 1: the header is '{name}'; it must be '{wanted}'")
    for line, fields in table:
        if len(fields) != len(header):
            raise InputError(
                f"{path}: line {line}: {len(fields)} fields where {wanted} are {len(header)}"
            )
        yield line, fields


def img_number(path: Path, line: int, img: str) -> int:
    """Return the id in column `img` as a number.

    Raises:
        InputError: it is none.
    """
    if not (img.isascii() and img.isdigit()):
        raise InputError(
            f"{path}: line {line}: the id '{img[:20]}' is not a whole number; "
            "write the number of the test image alone"
        )
    return int(img)


def check_pixels(place: str, pixels: str) -> NDArray[np.int64]:
    """Return the runs of a mask of the competition's size (see `nerveseg.rle.runs`).

    Raises:
        InputError: it is malformed; the message begins with `place`.
    """
    try:
        return rle.runs(pixels, SIZE)
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


def _fields(path: Path) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.reader(file)
            for fields in table:
                yield table.line_num, fields
    except OSError as error:
        raise InputError(f"{path}: not readable ({error.strerror}); check the path") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not readable as CSV ({error}); write it again") from error
