"""The order of frames: batches balanced between frames with and without a nerve.

The order is a function of (seed, epoch) alone, for any number of processes, so there is no state to
save. Every epoch is an independent draw: how often a frame of the more frequent class is drawn over
many epochs varies by chance.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)
LEAST: Final = 2
"""The smallest number of frames in a micro-batch."""


class Draw(NamedTuple):
    """One frame at one position of an epoch.

    Attributes:
        epoch: counted from 0.
        frame: its index in the packed arrays.
        repeat: how many times this epoch has drawn the frame before.
        share: its weight in the mean over its batch; 0 for padding.
    """

    epoch: int
    frame: int
    repeat: int
    share: float


@dataclass(frozen=True)
class Portion:
    """The portion of every batch that one process computes.

    A batch is cut into `processes` x `accumulation` micro-batches of consecutive draws. Frames with
    and without a nerve alternate, so every micro-batch is balanced, too.

    Attributes:
        process: rank of the process.
        processes: number of processes.
        accumulation: micro-batches per process and batch.
    """

    process: int = 0
    processes: int = 1
    accumulation: int = 1

    def cut(self, batch: list[Draw]) -> list[list[Draw]]:
        """Return this process's `accumulation` micro-batches, each of at least two draws.

        Every process must take part in every gradient exchange, even if no frame is left for it,
        and batch normalisation needs more than one value per channel. Micro-batches are therefore
        padded with zero-weight draws.
        """
        edges = np.linspace(0, len(batch), self.processes * self.accumulation + 1).astype(int)
        first = self.process * self.accumulation
        spans = range(first, first + self.accumulation)
        micro_batches = [batch[edges[i] : edges[i + 1]] for i in spans]
        return [draws + _padding(draws or batch, LEAST - len(draws)) for draws in micro_batches]


def _padding(draws: list[Draw], count: int) -> list[Draw]:
    return [draws[0]._replace(share=0.0)] * count


class EpochSampler:
    """Yields the micro-batches of one epoch that this process computes.

    Args:
        indices: M indices of the frames to draw.
        positive: M labels, whether the frame shows a nerve.
        batch: frames per update, over all processes.
        seed: seed of the order.
        balance: alternate between frames with and without a nerve. An epoch still has M draws:
            frames of the rarer class are repeated, and a random selection of the other class is
            drawn.
        portion: the portion of every batch that this process computes; by default all of it.

    Attributes:
        portion: the same.
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
        self.portion = portion or Portion()
        classes = [indices[positive], indices[~positive]]
        if balance and not (len(classes[0]) and len(classes[1])):
            missing = "without" if len(classes[0]) else "with"
            log.warning("no frame %s a nerve to train on: batches are not balanced", missing)
            balance = False
        self._classes = classes if balance else [indices]
        self._epoch = 0
        self._step = 0

    @property
    def steps(self) -> int:
        """Updates per epoch; the last one may have a smaller batch."""
        return -(-len(self._indices) // self._batch)

    @property
    def most_frames(self) -> int:
        """Most frames in a micro-batch."""
        return max(LEAST, -(-self._batch // (self.portion.processes * self.portion.accumulation)))

    def start_at(self, epoch: int, step: int = 0) -> None:
        """Make the next iteration start at `step` of `epoch`."""
        self._epoch, self._step = epoch, step

    def __len__(self) -> int:
        """The number of micro-batches that the next iteration yields."""
        return (self.steps - self._step) * self.portion.accumulation

    def __iter__(self) -> Iterator[list[Draw]]:
        """Yield the micro-batches in order, `accumulation` of them per batch."""
        order = self._order()
        for start in range(self._step * self._batch, len(order), self._batch):
            frames = order[start : start + self._batch]
            share = 1.0 / len(frames)
            batch = [Draw(self._epoch, int(i), int(repeat), share) for i, repeat in frames]
            yield from self.portion.cut(batch)

    def _order(self) -> NDArray[np.int64]:
        """Return the draws of the epoch, M x 2: frame and repeat, the classes alternating."""
        rng = np.random.default_rng((self._seed, self._epoch))
        total = len(self._indices)
        order = np.empty((total, 2), np.int64)
        for offset, frames in enumerate(self._classes):
            slots = order[offset :: len(self._classes)]
            for repeat in range(-(-len(slots) // len(frames))):
                round_slots = slots[repeat * len(frames) : (repeat + 1) * len(frames)]
                round_slots[:, 0] = rng.permutation(frames)[: len(round_slots)]
                round_slots[:, 1] = repeat
        return order
