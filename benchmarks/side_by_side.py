"""Times two implementations alternately, so that both run under the same conditions."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypedDict

import cv2


class Result(TypedDict):
    """One line of the table.

    Attributes:
        ours: our rate, in `unit`; for a limit, the measured amount.
        peer: the alternative's rate, or the limit.
        unit: unit of both.
        ratio: how many times better `ours` is than `peer`.
        bar: the lowest acceptable `ratio`.
    """

    ours: float
    peer: float
    unit: str
    ratio: float
    bar: float


def compare(
    ours: Callable[[Any], object],
    peer: Callable[[Any], object],
    items: Sequence[Any],
    *,
    unit: str,
    bar: float,
    per_item: float = 1.0,
    rounds: int = 7,
) -> Result:
    """Run both over all `items`, alternately, `rounds` times each, and compare the best rates.

    Args:
        ours: called with one item.
        peer: likewise.
        items: the inputs.
        unit: unit of the rate, `per_item` per second.
        bar: the lowest acceptable ratio.
        per_item: units per item.
        rounds: number of rounds; the best counts, because other programs only slow a round down.
    """
    best = {ours: float("inf"), peer: float("inf")}
    for _ in range(rounds):
        for work in (ours, peer):
            best[work] = min(best[work], _seconds(work, items))
    rate = {work: len(items) * per_item / seconds for work, seconds in best.items()}
    return Result(
        ours=rate[ours], peer=rate[peer], unit=unit, ratio=rate[ours] / rate[peer], bar=bar
    )


@contextmanager
def one_cv2_thread() -> Iterator[None]:
    """Limit OpenCV to one thread: the code under test runs in parallel processes."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def within(amount: float, limit: float, unit: str) -> Result:
    """Compare an amount with the limit that it must not exceed."""
    return Result(ours=amount, peer=limit, unit=unit, ratio=limit / amount, bar=1.0)


def print_table(results: dict[str, Result]) -> None:
    """Print one line per result."""
    print(f"{'':44}{'ours':>12}{'peer':>12}  {'unit':14}{'ratio':>8}{'bar':>6}")
    for name, row in results.items():
        mark = "" if row["ratio"] >= row["bar"] else "  below the bar"
        print(
            f"{name:44}{row['ours']:12.4g}{row['peer']:12.4g}  {row['unit']:14}"
            f"{row['ratio']:8.1f}{row['bar']:6.3g}{mark}"
        )


def _seconds(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    start = time.perf_counter()
    for item in items:
        work(item)
    return time.perf_counter() - start
