"""Small CSV and JSON files of figures, where what is undefined is an empty cell or null."""

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from nerveseg.atomic import whole_file
from nerveseg.errors import InputError


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Write `rows` under the header `columns`; floats to 9 figures, NaN as an empty cell."""
    with whole_file(path) as temporary, temporary.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows([_cell(value) for value in row] for row in rows)


def read_csv(path: Path, columns: Sequence[str], stage: str) -> list[dict[str, str]]:
    """Return the rows of a table that an earlier stage wrote.

    Args:
        path: the file.
        columns: that must be there, among others.
        stage: the stage that writes the file, for messages.

    Raises:
        InputError: the file is missing or lacks one of `columns`.
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
    """Write `document`, floats to 6 decimals and NaN as null, keys in their order."""
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(_plain(document), indent=2) + "\n")


def read_json(path: Path, stage: str) -> dict[str, float]:
    """Return the figures of a flat JSON file; null is NaN.

    Raises:
        InputError: the file is missing or malformed.
    """
    try:
        document = json.loads(path.read_text())
        return {key: math.nan if value is None else value for key, value in document.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: not readable ({error}); run dvc repro {stage}") from error


def number(cell: str, path: Path) -> float:
    """Return the figure in a cell of the table at `path`, NaN for an empty one.

    Raises:
        InputError: it is no figure.
    """
    try:
        return float(cell) if cell else math.nan
    except ValueError as error:
        raise InputError(f"{path}: '{cell[:20]}' is no figure; run dvc repro -f") from error


def _cell(value: object) -> object:
    if not isinstance(value, float):
        return value
    return "" if math.isnan(value) else f"{value:.9g}"


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    return value
