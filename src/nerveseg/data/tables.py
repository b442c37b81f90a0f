"""The competition's CSV files, read row by row into what they say."""

from typing import Final

from nerveseg.csv_reader import parse_int, rows
from nerveseg.data.layout import TrainRecord
from nerveseg.errors import InputError

TRAIN_HEADER: Final = ("subject", "img", "pixels")
SAMPLE_HEADER: Final = ("img", "pixels")


def train_records(content: bytes, label: str) -> list[TrainRecord]:
    """Return the rows of train_masks.csv (or a table of its shape), in numeric order.

    Raises:
        InputError: malformed, out of order, or a row twice.
    """
    records: list[TrainRecord] = []
    for line, (subject, img, pixels) in rows(content, TRAIN_HEADER, label):
        record = TrainRecord(parse_int(subject, label, line), parse_int(img, label, line), pixels)
        if records and record[:2] <= records[-1][:2]:
            raise InputError(
                f"{label}: line {line}: subject {subject} img {img} does not come after subject "
                f"{records[-1].subject} img {records[-1].img}; sort the rows by number, each once"
            )
        records.append(record)
    return records


def image_numbers(content: bytes, label: str) -> list[int]:
    """Return the `img` column of sample_submission.csv, in numeric order.

    Raises:
        InputError: malformed, out of order, or a row twice.
    """
    numbers: list[int] = []
    for line, (img, _) in rows(content, SAMPLE_HEADER, label):
        value = parse_int(img, label, line)
        if numbers and value <= numbers[-1]:
            raise InputError(
                f"{label}: line {line}: img {img} does not come after img {numbers[-1]}; "
                "sort the rows by number, each once"
            )
        numbers.append(value)
    return numbers
