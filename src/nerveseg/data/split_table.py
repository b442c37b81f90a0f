"""The split as a file: which frames of the training set train, and which validate."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import NDArray

from nerveseg.atomic import whole_file
from nerveseg.csv_reader import file_rows, parse_int
from nerveseg.errors import InputError

HEADER: Final = ("subject", "img", "fold", "part")
Part = Literal["train", "valid", "left_out"]


class SplitRow(NamedTuple):
    """One row of split.csv; rows are in the order of the packed train.csv.

    Attributes:
        subject: number of the subject.
        img: number of the frame within the subject's sweep.
        fold: 0 .. folds - 1.
        part: train, valid, or left_out of both.
    """

    subject: int
    img: int
    fold: int
    part: Part


def read_split(path: Path) -> list[SplitRow]:
    """Return the rows of split.csv.

    Raises:
        InputError: unreadable or malformed.
    """
    label = str(path)
    places = []
    for line, (*numbers, part) in file_rows(path, HEADER):
        if part not in get_args(Part):
            raise InputError(f"{label}: line {line}: no part '{part}'; run dvc repro split")
        subject, img, fold = (parse_int(text, label, line) for text in numbers)
        places.append(SplitRow(subject, img, fold, cast(Part, part)))
    return places


def write_split(path: Path, places: Iterable[SplitRow]) -> None:
    """Write split.csv."""
    with whole_file(path) as new, new.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(places)


def rows_of(places: Iterable[SplitRow], part: Part) -> NDArray[np.int64]:
    """Return the row numbers of `part`, ascending: indices into the packed arrays."""
    return np.flatnonzero([place.part == part for place in places])
