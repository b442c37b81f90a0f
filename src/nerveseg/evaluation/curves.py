"""Learning curves of all networks in one long table, which one Vega template draws."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from nerveseg.errors import InputError

EPOCH: Final = "epoch"


class Point(NamedTuple):
    """One value of one curve.

    Attributes:
        network: whose training.
        epoch: from 0.
        metric: as it was logged, train/loss say.
        value: in the metric's own unit.
    """

    network: str
    epoch: int
    metric: str
    value: float


def read_curves(folder: Path, networks: Sequence[str]) -> list[Point]:
    """Return the curves of `networks` from the tables of their trainings in `folder`.

    Tables of other networks are what an earlier parameter list left behind: they are passed by.

    Raises:
        InputError: a network has no curves, or one of them is malformed.
    """
    return [
        point for network in networks for point in _of_network(folder / f"{network}.csv", network)
    ]


def _of_network(path: Path, network: str) -> Iterator[Point]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            rows = list(table)
        for metric in sorted({*(table.fieldnames or ())} - {EPOCH}):
            for row in rows:
                yield Point(network, int(row[EPOCH]), metric, float(row[metric]))
    except FileNotFoundError:
        raise InputError(f"{path}: no curves of {network}; run dvc repro train@{network}") from None
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: not a table of curves ({error!r}); run dvc repro -f train@{network}"
        ) from error
