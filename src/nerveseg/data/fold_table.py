"""The table folds.csv: the fold of every frame of the training set."""

import csv
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from nerveseg.atomic import whole_file
from nerveseg.csv_reader import file_rows, parse_int
from nerveseg.errors import InputError

HEADER: Final = ("subject", "img", "fold", "doubtful")


class FoldRow(NamedTuple):
    """One row of folds.csv; rows are in the order of the packed train.csv.

    Attributes:
        subject: number of the subject.
        img: number of the frame within the subject's sweep.
        fold: 0 .. folds - 1.
        doubtful: whether it is left out of training, because its label is in doubt.
    """

    subject: int
    img: int
    fold: int
    doubtful: bool


def read_folds(path: Path) -> list[FoldRow]:
    """Return the rows of folds.csv.

    Raises:
        InputError: the file is unreadable or malformed.
    """
    label, rows = str(path), []
    for line, cells in file_rows(path, HEADER):
        subject, img, fold, doubtful = (parse_int(text, label, line) for text in cells)
        if doubtful > 1:
            raise InputError(f"{label}: line {line}: doubtful is 0 or 1; run dvc repro split")
        rows.append(FoldRow(subject, img, fold, bool(doubtful)))
    return rows


def write_folds(path: Path, rows: Iterable[FoldRow]) -> None:
    """Write folds.csv."""
    with whole_file(path) as new, new.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows((*row[:3], int(row.doubtful)) for row in rows)


def assignment_of(rows: Iterable[FoldRow]) -> str:
    """Return a hash of which frame is in which fold, whatever fold validates: 64 digits.

    Folds that protocol, number of folds, seed or frames divide otherwise have another hash.
    """
    digest = hashlib.sha256()
    for row in rows:
        digest.update(f"{row.subject},{row.img},{row.fold}\n".encode())
    return digest.hexdigest()
