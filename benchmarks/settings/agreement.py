"""Whether two comparisons put settings, or runs, in the same order.

python -m benchmarks.settings.agreement ONE.json OTHER.json, both from benchmarks/results, prints
Spearman's correlations of the two, and of each with itself: between its seeds, and between its
first two runs. The latter say how far its order repeats itself at all.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from benchmarks.settings.differences import ALL_RUNS
from scipy.stats import spearmanr

Order = Mapping[str, float]
"""Setting or run -> a number to sort by."""
FEWEST: Final = 3
"""Two are in the same order, or in the opposite one."""


def main() -> None:
    """Print the correlations of two files of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs=2, metavar="FILE.json")
    one, other = parser.parse_args().files
    for what, orders in pairs_of(one, other).items():
        shared = orders[0].keys() & orders[1].keys()
        if len(shared) >= FEWEST:
            print(f"{what}: {agreement(*orders):+.2f} over {len(shared)}")


def agreement(one: Order, other: Order) -> float:
    """Return Spearman's correlation, -1 to 1, over what both orders have."""
    shared = [key for key in one if key in other]
    return float(spearmanr([one[key] for key in shared], [other[key] for key in shared]).statistic)


def pairs_of(one: Path, other: Path) -> dict[str, tuple[Order, Order]]:
    """Return the orders to compare, by what they are.

    Args:
        one: JSON of a comparison.
        other: JSON of another one.
    """
    records = [json.loads(path.read_text()) for path in (one, other)]
    found: dict[str, tuple[Order, Order]] = {}
    for path, record in zip((one, other), records, strict=True):
        found |= {f"{path.stem}, {what}": pair for what, pair in _within(record)}
    names = f"{one.stem} and {other.stem}"
    return found | {
        f"{names}, settings": (settings_of(records[0]), settings_of(records[1])),
        f"{names}, runs": (runs_of(records[0]), runs_of(records[1])),
    }


def _within(record: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Order, Order]]]:
    runs = list(record["plan"]["runs"])
    for run in [*runs, ALL_RUNS]:
        yield from _between_seeds(_rows(record, run), "setting", f"settings of {run}")
    # Older records have no table of runs.
    yield from _between_seeds(record.get("runs", []), "run", "runs", runs[0])
    if len(runs) > 1:
        pair = settings_of(record, runs[0]), settings_of(record, runs[1])
        yield f"{runs[0]} and {runs[1]}", pair


def _between_seeds(
    rows: Sequence[Mapping[str, Any]], column: str, what: str, *reference: str
) -> Iterator[tuple[str, tuple[Order, Order]]]:
    """Yield the orders by each two seeds of what stands in `column`, and of the `reference`."""
    seeds = rows[0]["seeds"] if rows else []
    for one, other in combinations(range(len(seeds)), 2):
        first, second = (
            dict.fromkeys(reference, 0.0) | {row[column]: row["by_seed"][index] for row in rows}
            for index in (one, other)
        )
        yield f"seeds {seeds[one]} and {seeds[other]}, {what}", (first, second)


def settings_of(record: Mapping[str, Any], run: str = ALL_RUNS) -> Order:
    """Return the difference in Dice that each setting makes; without those that make none."""
    return {row["setting"]: row["dice"] for row in _rows(record, run)}


def runs_of(record: Mapping[str, Any]) -> Order:
    """Return the Dice of each run under the first setting."""
    first = next(iter(record["plan"]["settings"]))
    return {row["run"]: row["dice"] for row in record["means"] if row["setting"] == first}


def _rows(record: Mapping[str, Any], run: str) -> list[Mapping[str, Any]]:
    first = next(iter(record["plan"]["settings"]))
    return [
        row
        for row in record["differences"]
        if row["run"] == run and row["reference"] == first and any(row["by_seed"])
    ]


if __name__ == "__main__":
    main()
