"""Reading CSV files row by row, with one-line error messages that name the file and the line."""

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from nerveseg.errors import InputError

MOST_BYTES: Final = 256 << 20
"""Limit on the size of a table; the competition's train_masks.csv has 12 MB."""

_MOST_RECORD_BYTES: Final = 4 << 20
# The run lengths of a speckled mask exceed csv's default limit of 128 KiB per field. No mask of
# 420 x 580 pixels has more than 121 800 runs, whose numbers take less than 1.1 MB.
_FIELD_LIMIT: Final = 2 << 20
# Fits in 64 bits, and no longer number is an id.
_MOST_DIGITS: Final = 18


def read_file(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return the content of a file.

    Args:
        path: the file.
        most: limit on its size in bytes.

    Raises:
        InputError: the file cannot be read or is larger than `most`.
    """
    try:
        with path.open("rb") as file:
            # The size of a device such as /dev/zero is not known in advance.
            content = file.read(most + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: not readable ({reason}); check the path") from error
    if len(content) > most:
        raise InputError(
            f"{path}: more than the {most:,} bytes that such a file may have; check that it is the "
            "right file"
        )
    return content


def lines(content: bytes, label: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of every row of a CSV file, including the header.

    Blank lines at the end are ignored.

    Args:
        content: content of the file in UTF-8, with or without a byte order mark.
        label: the name of the file in messages.

    Raises:
        InputError: the content is not UTF-8 or not CSV, or a row is longer than any row may be.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    source = _Lines(content.rstrip())
    try:
        table = csv.reader(source)
        for fields in table:
            source.begin_row()
            yield table.line_num, fields
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{label}: not readable as CSV ({error}); replace the file") from error


class _Lines:
    """Decoded lines of a table, which count the length of each row: a row may span many lines."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content.removeprefix(codecs.BOM_UTF8))
        self._length = 0

    def begin_row(self) -> None:
        self._length = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(_MOST_RECORD_BYTES + 1):
            self._length += len(line)
            if self._length > _MOST_RECORD_BYTES:
                raise csv.Error(f"a row has more than {_MOST_RECORD_BYTES:,} bytes")
            # csv reads lines that end in a carriage return alone, too, if they are separate.
            yield from io.StringIO(line.decode(), newline="")


def rows(content: bytes, header: tuple[str, ...], label: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of every row below the header.

    Args:
        content: as for `lines`.
        header: the column names that the first line must contain, in this order.
        label: the name of the file in messages.

    Raises:
        InputError: as for `lines`; or the header differs, or a row has too few or too many fields.
    """
    table = lines(content, label)
    _, found = next(table, (1, []))
    if tuple(found) != header:
        raise InputError(
            f"{label}: the header is '{','.join(found)[:80]}', expected '{','.join(header)}'; "
            "put the columns in this order"
        )
    for line, fields in table:
        if len(fields) != len(header):
            raise InputError(
                f"{label}: line {line} has {len(fields)} fields, expected {len(header)} "
                f"({','.join(header)}); correct it"
            )
        yield line, fields


def file_rows(path: Path, header: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield `rows` of the file at `path`.

    Raises:
        InputError: as for `read_file` and `rows`.
    """
    return rows(read_file(path), header, str(path))


def parse_int(text: str, label: str, line: int) -> int:
    """Return `text` as a non-negative integer of at most 18 digits.

    Raises:
        InputError: `text` is no such integer.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise InputError(f"{label}: line {line}: '{text[:20]}' is not a whole number; correct it")
    return int(text)
