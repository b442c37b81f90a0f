"""The competition's CSV files, read row by row into what they say."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from nerveseg.data.layout import TrainRecord
from nerveseg.errors import InputError

TRAIN_HEADER: Final = ("subject", "img", "pixels")
SAMPLE_HEADER: Final = ("img", "pixels")
# The run lengths of a speckled mask are longer than csv's 128 KiB for a field.
_LONGEST_FIELD = 1 << 24


def read_file(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: not readable ({error.strerror}); check the path") from error


def rows(content: bytes, header: tuple[str, ...], label: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of every row of a CSV file.

    Args:
        content: the file, UTF-8, with or without a byte order mark.
        header: the column names that the first line must hold, in this order.
        label: the file's name for messages.

    Raises:
        InputError: not text, another header, or a row with more or fewer fields.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        table = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        found = next(table, [])
        if tuple(found) != header:
            raise InputError(
                f"{label}: the header is '{','.join(found)[:80]}', expected '{','.join(header)}'; "
                "put the columns in this order"
            )
        for fields in table:
            if len(fields) != len(header):
                raise InputError(
                    f"{label}: line {table.line_num} has {len(fields)} fields, expected "
                    f"{len(header)} ({','.join(header)}); correct it"
                )
            yield table.line_num, fields
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{label}: not readable as CSV ({error}); fetch it again") from error


def number(text: str, label: str, line: int) -> int:
    """Return `text` as a whole number of at least 0.

    Raises:
        InputError: it is none.
    """
    if not (text.isascii() and text.isdigit()):
        raise InputError(f"{label}: line {line}: '{text[:20]}' is not a whole number; correct it")
    return int(text)


def train_records(content: bytes, label: str) -> list[TrainRecord]:
    """Return the rows of train_masks.csv (or a table of its shape), in numeric order.

    Raises:
        InputError: malformed, out of order, or a row twice.
    """
    records: list[TrainRecord] = []
    for line, (subject, img, pixels) in rows(content, TRAIN_HEADER, label):
        record = TrainRecord(number(subject, label, line), number(img, label, line), pixels)
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
        value = number(img, label, line)
        if numbers and value <= numbers[-1]:
            raise InputError(
                f"{label}: line {line}: img {img} does not come after img {numbers[-1]}; "
                "sort the rows by number, each once"
            )
        numbers.append(value)
    return numbers
