"""A table as data; assets/table.html.j2 writes it out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

MISSING: Final = "\N{EN DASH}"


@dataclass(frozen=True)
class Column:
    """A column's head; `text` columns are set left and sort by letters."""

    title: str
    text: bool = False
    long: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Cell:
    """What a cell shows, what it sorts by (itself when None), and small print beside it."""

    text: str
    value: float | None = None
    small: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Row:
    """A row; `kind` is `ours` for the reference, `rest` for one that stays at the end."""

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


def number(value: float | None, digits: int = 3, *, sign: bool = False, small: str = "") -> Cell:
    """Return a cell of a figure; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return Cell(MISSING)
    rounded = round(value, digits) + 0.0  # no minus before a figure that rounds to zero
    # A proper minus is as wide as a digit; it also never breaks from its figure.
    shown = f"{rounded:{'+' if sign else ''}.{digits}f}".replace("-", "\N{MINUS SIGN}")
    return Cell(shown, value, small)


def interval(low: float, high: float, *, sign: bool = False) -> Cell:
    """Return a cell of a range, sorted by its lower end; a dash where there is none."""
    ends = number(low, sign=sign), number(high, sign=sign)
    if ends[0].value is None:
        return ends[0]
    return Cell(f"{ends[0].text} to {ends[1].text}", low)


def words(text: str, colour: str = "") -> Cell:
    """Return a cell of text."""
    return Cell(text, None, "", colour)
