"""Reading CSV files row by row, with one line for whatever is wrong in one of them."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from nerveseg.errors import InputError

# The run lengths of a speckled mask are longer than csv's 128 KiB for a field.
_LONGEST_FIELD: Final = 1 << 24


def read_file(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: not readable ({error.strerror}); check the path") from error


def lines(content: bytes, label: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of every row of a CSV file, its header too.

    Args:
        content: the file, UTF-8, with or without a byte order mark.
        label: the file's name for messages.

    Raises:
        InputError: not text, or not CSV.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        table = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        for fields in table:
            yield table.line_num, fields
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{label}: not readable as CSV ({error}); replace the file") from error


def rows(content: bytes, header: tuple[str, ...], label: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of every row below the header.

    Args:
        content: as in `lines`.
        header: the column names that the first line must hold, in this order.
        label: the file's name for messages.

    Raises:
        InputError: as `lines`, another header, or a row with more or fewer fields.
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
        InputError: as `read_file` and `rows`.
    """
    return rows(read_file(path), header, str(path))


def parse_int(text: str, label: str, line: int) -> int:
    """Return `text` as a whole number of at least 0.

    Raises:
        InputError: it is none.
    """
    if not (text.isascii() and text.isdigit()):
        raise InputError(f"{label}: line {line}: '{text[:20]}' is not a whole number; correct it")
    return int(text)
