"""Learning curves of all networks in one long table, which one Vega template draws."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from nerveseg.errors import InputError

# Where dvclive puts a metric called train/loss: plots/metrics/train/loss.tsv.
METRICS: Final = "plots/metrics"


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
    """Return the curves of `networks` from the folders dvclive wrote, one a network.

    Folders of other networks are what an earlier parameter list left behind: they are passed by.

    Raises:
        InputError: a network has no curves, or one of them is malformed.
    """
    return [point for network in networks for point in _of_network(folder / network, network)]


def _of_network(folder: Path, network: str) -> Iterator[Point]:
    root = folder / METRICS
    files = sorted(root.rglob("*.tsv"))
    if not files:
        raise InputError(f"{root}: no curves of {network}; run dvc repro train@{network}")
    for path in files:
        metric = path.relative_to(root).with_suffix("").as_posix()
        try:
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file, delimiter="\t"))
            for row in rows:
                yield Point(network, int(row["step"]), metric, float(row[path.stem]))
        except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{path}: not a curve of dvclive ({error!r}); run dvc repro -f train@{network}"
            ) from error
