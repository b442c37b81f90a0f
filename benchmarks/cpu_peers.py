"""What float32 on a CPU is compared with: a plain loop, and that loop compiled to C++."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, cast

import cv2
import torch
from benchmarks.side_by_side import Result, compare
from torch import nn

THREADS: Final = (1, 2)
"""The stages of the pipeline compute on one thread each."""


class Peers(NamedTuple):
    """A piece of work, done by us and by a plain loop.

    Attributes:
        name: name of the rows.
        ours: makes our work, called for each number of threads.
        plain: makes that of the plain loop around a module, which may be compiled.
        network: makes the network.
        per_item: units of work per call.
        unit: units of work per second.
        bar: the lowest acceptable ratio to the plain loop.
    """

    name: str
    ours: Callable[[], Callable[[], object]]
    plain: Callable[[nn.Module], Callable[[], object]]
    network: Callable[[], nn.Module]
    per_item: int
    unit: str
    bar: float


def rows_of(peers: Peers, calls: int, rounds: int, threads: Sequence[int]) -> dict[str, Result]:
    """Return a row for each number of threads and each peer.

    The bar beside the compiled loop is 1. Where nothing can be compiled, a line says so instead.

    Args:
        peers: what is compared.
        calls: calls per round.
        rounds: rounds, of which the best counts.
        threads: numbers of threads.
    """
    results: dict[str, Result] = {}
    for number in threads:
        with _on_threads(number):
            ours = peers.ours()
            rivals = {"plain loop": peers.plain(peers.network())}
            if compiled := _compiled(peers):
                rivals["compiled loop"] = compiled
            for rival, work in rivals.items():
                row = compare(
                    _ignoring_its_item(ours),
                    _ignoring_its_item(work),
                    range(calls),
                    unit=peers.unit,
                    bar=peers.bar if rival == "plain loop" else 1.0,
                    per_item=peers.per_item,
                    rounds=rounds,
                )
                counted = f"{number} thread{'s' if number > 1 else ''}"
                results[f"{peers.name}, float32, {counted}, {rival}"] = row
    return results


def _ignoring_its_item(work: Callable[[], object]) -> Callable[[object], object]:
    return lambda _: work()


def _compiled(peers: Peers) -> Callable[[], object] | None:
    """Return the plain loop with a compiled network, after a first call; None if that fails."""
    # Compiled code holds the number of threads, which must therefore be part of the cache's key.
    import torch._inductor.config as inductor  # takes seconds

    torch._dynamo.reset()
    options: dict[str, Any] = {"cpp.threads": torch.get_num_threads()}
    try:
        with inductor.patch(options):
            work = peers.plain(cast("nn.Module", torch.compile(peers.network(), dynamic=False)))
            work()
    except Exception as error:
        # The compiler calls other programs, and raises whatever they do.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        print(f"{peers.name}: no compiled loop ({reason})")
        return None
    return work


@contextmanager
def _on_threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(number)
    cv2.setNumThreads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
