"""Reading CSV files row by row, with one-line error messages that name the file and the line."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from nerveseg.errors import InputError

# The run lengths of a speckled mask exceed csv's default limit of 128 KiB per field.
_FIELD_LIMIT: Final = 1 << 24


def read_file(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: not readable ({error.strerror}); check the path") from error


def lines(content: bytes, label: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of every row of a CSV file, including the header.

    Args:
        content: content of the file in UTF-8, with or without a byte order mark.
        label: the name of the file in messages.

    Raises:
        InputError: the content is not UTF-8 or not CSV.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    try:
        table = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        for fields in table:
            yield table.line_num, fields
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{label}: not readable as CSV ({error}); replace the file") from error


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
    """Return `text` as a non-negative integer.

    Raises:
        InputError: `text` is not a non-negative integer.
    """
    if not (text.isascii() and text.isdigit()):
        raise InputError(f"{label}: line {line}: '{text[:20]}' is not a whole number; correct it")
    return int(text)
