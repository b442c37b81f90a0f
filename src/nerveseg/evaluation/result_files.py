"""Small CSV and JSON files of results; an undefined value is an empty cell or null.

DVC compares outputs byte by byte, so this module fixes the format of numbers.
"""

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nerveseg.atomic import whole_file
from nerveseg.errors import InputError
from nerveseg.json_reader import parse_json


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Write `rows` under the header `columns`: floats to 9 digits, NaN as an empty cell."""
    with whole_file(path) as temporary, temporary.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows([_cell(value) for value in row] for row in rows)


def read_csv(path: Path, columns: Sequence[str], stage: str) -> list[dict[str, str]]:
    """Return the rows of a table that an earlier stage wrote.

    Args:
        path: the file.
        columns: columns that the table must have; it may have more.
        stage: the stage that writes the file, named in error messages.

    Raises:
        InputError: the file is missing, is unreadable or lacks one of `columns`.
    """
    remedy = f"run dvc repro {stage}"
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            missing = [name for name in columns if name not in (table.fieldnames or ())]
            if missing:
                raise InputError(f"{path}: no column '{missing[0]}'; {remedy}")
            return list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not readable ({error}); {remedy}") from error


def write_json(path: Path, document: Mapping[str, object]) -> None:
    """Write `document` with its keys in order: floats to 6 decimals, NaN as null."""
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(_json_value(document), indent=2) + "\n")


def read_json(path: Path, stage: str) -> dict[str, float | str]:
    """Return the values of a flat JSON file: numbers as float, null as NaN, and text.

    Args:
        path: the file.
        stage: the stage that writes the file, named in error messages.

    Raises:
        InputError: the file is missing or malformed.
    """
    try:
        document = parse_json(path.read_text(encoding="utf-8"))
        return {key: _parsed(value) for key, value in document.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise InputError(f"{path}: not readable ({error}); run dvc repro {stage}") from error


def nan_mean(values: NDArray[np.float64]) -> float:
    """Return the mean of the values that are not NaN; NaN, without a warning, if there are none."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def parse_float(cell: str, path: Path) -> float:
    """Return the value of a cell of the table at `path`; an empty cell is NaN.

    Raises:
        InputError: the cell is not a number.
    """
    try:
        return float(cell) if cell else math.nan
    except ValueError as error:
        raise InputError(f"{path}: '{cell[:20]}' is not a number; run dvc repro -f") from error


def _parsed(value: float | str | None) -> float | str:
    if isinstance(value, str):
        return value
    return math.nan if value is None else float(value)


def _cell(value: object) -> object:
    if not isinstance(value, float):
        return value
    return "" if math.isnan(value) else f"{value:.9g}"


def _json_value(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _json_value(item) for key, item in value.items()}
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    return value
