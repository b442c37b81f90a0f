"""The audit's finding as a file: frames labelled unlike the frames they look like."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from nerveseg.atomic import whole_file
from nerveseg.csv_reader import file_rows, parse_int

HEADER: Final = ("subject", "img", "neighbour_img", "distance", "labelled")


class Contradiction(NamedTuple):
    """One row of audit.csv.

    Attributes:
        subject: number of the subject.
        img: the frame whose label is doubtful.
        neighbour_img: the frame of the other label that is most like it.
        distance: between the two, from 0 (the same) to 2.
        labelled: 1 when a nerve is outlined in `img` and not in its neighbour, 0 when it is
            the other way round.
    """

    subject: int
    img: int
    neighbour_img: int
    distance: float
    labelled: int


def write_contradictions(path: Path, found: Iterable[Contradiction]) -> None:
    """Write audit.csv."""
    with whole_file(path) as new, new.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows((*row[:3], f"{row.distance:.4f}", row.labelled) for row in found)


def read_doubtful(path: Path) -> set[tuple[int, int]]:
    """Return (subject, img) of the frames in audit.csv.

    Raises:
        InputError: unreadable or malformed.
    """
    label = str(path)
    return {
        (parse_int(subject, label, line), parse_int(img, label, line))
        for line, (subject, img, *_) in file_rows(path, HEADER)
    }
