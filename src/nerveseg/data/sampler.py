"""The order of frames: as many with a nerve as without in every batch, on any number of processes.

Everything is a function of (seed, epoch): there is no state to lose.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)
# Frames in a part.
LEAST: Final = 2


class Draw(NamedTuple):
    """One frame at one place of an epoch.

    Attributes:
        epoch: counted from 0.
        frame: its row in the packed arrays.
        repeat: how often this epoch has drawn the frame before.
        share: its part in the mean of its effective batch; 0 for one that only fills a gap.
    """

    epoch: int
    frame: int
    repeat: int
    share: float


@dataclass(frozen=True)
class Portion:
    """Which part of every batch a process takes.

    A batch is cut into `processes` x `accumulation` runs of neighbours. Neighbours, because
    frames with and without a nerve alternate: every run is balanced, too.
    """

    process: int = 0
    processes: int = 1
    accumulation: int = 1

    def cut(self, batch: list[Draw]) -> list[list[Draw]]:
        """Return this process's parts, `accumulation` of them, each of at least two draws.

        Every process must take part in every exchange of gradients, also one without a frame
        left, and batch normalisation needs more than one value a channel: draws that count for
        nothing fill the gaps.
        """
        edges = np.linspace(0, len(batch), self.processes * self.accumulation + 1).astype(int)
        first = self.process * self.accumulation
        parts = [batch[edges[i] : edges[i + 1]] for i in range(first, first + self.accumulation)]
        return [part + _fillers(part or batch, LEAST - len(part)) for part in parts]


def _fillers(draws: list[Draw], count: int) -> list[Draw]:
    return [draws[0]._replace(share=0.0)] * count


class EpochSampler:
    """Yields the parts of every batch of one epoch that this process computes.

    Args:
        indices: of the frames to draw, M.
        positive: whether the frame shows a nerve, M.
        batch: frames per update, over all processes.
        seed: of the order.
        balance: draw both kinds alternately. An epoch still has M draws: the rarer kind is
            repeated, the commoner one thinned out, evenly over the epochs.
        portion: what this process computes.
    """

    def __init__(
        self,
        indices: NDArray[np.int64],
        positive: NDArray[np.bool_],
        *,
        batch: int,
        seed: int,
        balance: bool = True,
        portion: Portion | None = None,
    ) -> None:
        self._indices = indices
        self._batch = batch
        self._seed = seed
        self._portion = portion or Portion()
        kinds = [indices[positive], indices[~positive]]
        if balance and not (len(kinds[0]) and len(kinds[1])):
            missing = "without" if len(kinds[0]) else "with"
            log.warning("no frame %s a nerve to train on: batches are not balanced", missing)
            balance = False
        self._kinds = kinds if balance else [indices]
        self._epoch = 0
        self._step = 0

    @property
    def steps(self) -> int:
        """Updates per epoch; the last one may have a smaller batch."""
        return -(-len(self._indices) // self._batch)

    def start_at(self, epoch: int, step: int = 0) -> None:
        """Let the next iteration begin at `step` of `epoch`."""
        self._epoch, self._step = epoch, step

    def __len__(self) -> int:
        """The number of parts that the next iteration yields."""
        return (self.steps - self._step) * self._portion.accumulation

    def __iter__(self) -> Iterator[list[Draw]]:
        """Yield the parts in turn, `accumulation` of them per batch."""
        order = self._order()
        for start in range(self._step * self._batch, len(order), self._batch):
            frames = order[start : start + self._batch]
            share = 1.0 / len(frames)
            batch = [Draw(self._epoch, int(i), int(repeat), share) for i, repeat in frames]
            yield from self._portion.cut(batch)

    def _order(self) -> NDArray[np.int64]:
        """Return the draws of the epoch, M x 2: frame and repeat, kinds alternating."""
        rng = np.random.default_rng((self._seed, self._epoch))
        total = len(self._indices)
        order = np.empty((total, 2), np.int64)
        for place, kind in enumerate(self._kinds):
            slots = order[place :: len(self._kinds)]
            for repeat in range(-(-len(slots) // len(kind))):
                room = slots[repeat * len(kind) : (repeat + 1) * len(kind)]
                room[:, 0] = rng.permutation(kind)[: len(room)]
                room[:, 1] = repeat
        return order
