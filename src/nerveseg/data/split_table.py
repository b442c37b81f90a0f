"""The table split.csv: which frames of the training set only train, and which are judged."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import NDArray

from nerveseg.atomic import whole_file
from nerveseg.csv_reader import file_rows, parse_int
from nerveseg.data.layout import TrainRecord
from nerveseg.data.packed import read_train
from nerveseg.errors import InputError

HEADER: Final = ("subject", "img", "fold", "part")
Subset = Literal["train", "valid", "left_out"]


class SplitRow(NamedTuple):
    """One row of split.csv; rows are in the order of the packed train.csv.

    Attributes:
        subject: number of the subject.
        img: number of the frame within the subject's sweep.
        fold: 0 .. folds - 1.
        part: `valid` if a network that has not seen the frame is judged by it; else `train`, or
            `left_out` if no network trains on it either.
    """

    subject: int
    img: int
    fold: int
    part: Subset


def read_split(path: Path) -> list[SplitRow]:
    """Return the rows of split.csv.

    Raises:
        InputError: the file is unreadable or malformed.
    """
    label = str(path)
    rows = []
    for line, (*numbers, subset) in file_rows(path, HEADER):
        if subset not in get_args(Subset):
            raise InputError(f"{label}: line {line}: unknown part '{subset}'; run dvc repro split")
        subject, img, fold = (parse_int(text, label, line) for text in numbers)
        rows.append(SplitRow(subject, img, fold, cast(Subset, subset)))
    return rows


def write_split(path: Path, rows: Iterable[SplitRow]) -> None:
    """Write split.csv."""
    with whole_file(path) as new, new.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)


def rows_of(rows: Iterable[SplitRow], subset: Subset) -> NDArray[np.int64]:
    """Return the indices of the rows of `subset`, ascending; they index the packed arrays, too."""
    return np.flatnonzero([row.part == subset for row in rows])


def records_of(packed: Path, split: Path, subset: Subset) -> list[TrainRecord]:
    """Return the frames of `subset` with their true masks, in the order of the split.

    Args:
        packed: train.csv of the packed data.
        split: the split.
        subset: train, valid or left_out.

    Raises:
        InputError: a file is missing or malformed, they describe different frames, or there are no
            validation frames.
    """
    known = {record[:2]: record for record in read_train(packed)}
    rows = read_split(split)
    keys = [(rows[row].subject, rows[row].img) for row in rows_of(rows, subset)]
    if absent := [key for key in keys if key not in known]:
        subject, img = absent[0]
        raise InputError(
            f"{split}: subject {subject} img {img} is not in {packed}; run dvc repro split"
        )
    if subset == "valid" and not keys:
        raise InputError(f"{split}: no validation frames; check split.fold in params.yaml")
    return [known[key] for key in keys]
