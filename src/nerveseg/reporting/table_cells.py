"""Tables as data: columns, rows and formatted cells; assets/macros.html.j2 writes the HTML.

Not pandas' HTML tables: cells carry sort values, colour swatches and hints, and rows have kinds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

MISSING: Final = "\N{EN DASH}"


@dataclass(frozen=True)
class Column:
    """A column's head; `text` columns are aligned left and sort alphabetically."""

    title: str
    text: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Cell:
    """The text of a cell, the value it sorts by (its text if None) and a colour swatch."""

    text: str
    value: float | None = None
    colour: str = ""


@dataclass(frozen=True)
class Row:
    """A row; `kind` is `ours` for the reference, `rest` for a row that stays last when sorting."""

    cells: Sequence[Cell]
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table; `groups` are heads over several columns, as (title, number of columns)."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    caption: str
    groups: Sequence[tuple[str, int]] = field(default_factory=tuple)


def number_cell(value: float | None, digits: int = 3, *, sign: bool = False) -> Cell:
    """Return a cell with `value` rounded to `digits` decimals; a dash for None, NaN and inf."""
    if value is None or not math.isfinite(value):
        return Cell(MISSING)
    rounded = round(value, digits) + 0.0  # -0.0 becomes 0.0, so no minus sign before zero
    # A minus sign is as wide as a digit and, unlike a hyphen, never starts a new line.
    shown = f"{rounded:{'+' if sign else ''}.{digits}f}".replace("-", "\N{MINUS SIGN}")
    return Cell(shown, value)


def interval_cell(low: float, high: float, digits: int = 3, *, sign: bool = False) -> Cell:
    """Return a cell with an interval, sorted by its lower end; a dash for NaN."""
    ends = number_cell(low, digits, sign=sign), number_cell(high, digits, sign=sign)
    if ends[0].value is None:
        return ends[0]
    return Cell(f"{ends[0].text} to {ends[1].text}", low)


def bracketed(text: str) -> str:
    """Return text in brackets, before which a narrow column may break, and not within."""
    return f"({text})".replace(" ", "\N{NO-BREAK SPACE}")


def p_cell(value: float) -> Cell:
    """Return a cell with a p-value, `< 0.001` below that; a dash for NaN."""
    smallest = 0.001
    return Cell("< 0.001", value) if value < smallest else number_cell(value)


def text_cell(text: str, colour: str = "") -> Cell:
    """Return a cell with text, after a swatch of `colour` if one is given."""
    return Cell(text, colour=colour)
