"""Reading and writing submissions, CSV files with the header `img,pixels`."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nerveseg import rle
from nerveseg.atomic import whole_file
from nerveseg.csv_reader import file_rows, lines, parse_int, read_file
from nerveseg.errors import InputError

HEADER: Final = ("img", "pixels")
SIZE: Final = rle.IMAGE_SHAPE[0] * rle.IMAGE_SHAPE[1]
"""Number of pixels of a frame."""


def read(path: Path) -> dict[int, str]:
    """Return the run-length encoded mask of every image, in the order of the file.

    The masks themselves are not checked; `nerveseg.submission.check` does that.

    Raises:
        InputError: the file is unreadable, its header or the number of fields in a row is wrong,
            or an id occurs twice.
    """
    masks: dict[int, str] = {}
    for line, (img, pixels) in file_rows(path, HEADER):
        known = parse_int(img, str(path), line)
        if known in masks:
            raise InputError(f"{path}: line {line} (img {img}): this id occurs twice; keep one row")
        masks[known] = pixels.strip()  # a mask of blanks is empty, too
    return masks


def write(path: Path, masks: Mapping[int, str]) -> None:
    """Write a submission in numeric order of the ids, after checking every mask.

    Args:
        path: the file.
        masks: id -> run lengths.

    Raises:
        InputError: a mask is malformed; the file at `path` is unchanged.
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
        InputError: the file is unreadable, its first column is not `img`, or it has no rows.
    """
    table = lines(read_file(path), str(path))
    _, header = next(table, (1, []))
    if header[:1] != ["img"]:
        raise InputError(f"{path}: its first column is not 'img'; give a sample submission")
    ids = [parse_int(fields[0] if fields else "", str(path), line) for line, fields in table]
    if not ids:
        raise InputError(f"{path}: no rows; give a sample submission with one row per test image")
    return ids


def check_pixels(location: str, pixels: str) -> NDArray[np.int64]:
    """Return the runs of a mask of the competition's size, K x 2 as `nerveseg.rle.runs`.

    Args:
        location: file and row of the mask, for error messages.
        pixels: run lengths of the mask.

    Raises:
        InputError: the mask is malformed; the message begins with `location`.
    """
    try:
        return rle.runs(pixels, SIZE)
    except InputError as error:
        raise InputError(f"{location}: {error}; correct the row") from error
