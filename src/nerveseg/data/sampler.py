"""The order of frames: batches with a chosen share of frames with a nerve.

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


class Shares(NamedTuple):
    """The share of frames with a nerve, which changes in equal steps from epoch to epoch.

    As in the winning solution of the SIIM-ACR pneumothorax challenge (Aimoldin, 2019), which lowers
    the share of frames with a finding over the training.

    Attributes:
        first: share in the first epoch, 0..1.
        last: share in the last epoch, 0..1.
        epochs: number of epochs.
    """

    first: float
    last: float
    epochs: int

    def places(self, epoch: int, total: int) -> NDArray[np.int64]:
        """Return the class of each draw of an epoch, 0 with a nerve and 1 without, evenly mixed."""
        passed = epoch / max(1, self.epochs - 1)
        share = self.first + (self.last - self.first) * passed
        # Rounded, so that 0.3 * 10 is 3 in whatever order it was computed.
        steps = np.floor(np.round(share * np.arange(total + 1), 9))
        without: NDArray[np.bool_] = np.diff(steps) == 0
        return without.astype(np.int64)


class EpochSampler:
    """Yields the micro-batches of one epoch that this process computes.

    Args:
        indices: M indices of the frames to draw.
        positive: M labels, whether the frame shows a nerve.
        batch: frames per update, over all processes.
        seed: seed of the order.
        balance: alternate between frames with and without a nerve; or `Shares` of frames with one,
            spread evenly over the epoch. An epoch still has M draws: frames of the class that is
            asked for more often than it occurs are repeated, and a random selection of the other
            class is drawn.
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
        balance: "bool | Shares" = True,
        portion: Portion | None = None,
    ) -> None:
        self._indices = indices
        self._batch = batch
        self._seed = seed
        self.portion = portion or Portion()
        self._shares = balance if isinstance(balance, Shares) else None
        classes = [indices[positive], indices[~positive]]
        if balance and not (len(classes[0]) and len(classes[1])):
            missing = "without" if len(classes[0]) else "with"
            log.warning("no frame %s a nerve to train on: batches are not balanced", missing)
            balance, self._shares = False, None
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
        """Return the draws of the epoch, M x 2: frame and repeat."""
        rng = np.random.default_rng((self._seed, self._epoch))
        places = np.arange(len(self._indices)) % len(self._classes)
        if self._shares is not None:
            places = self._shares.places(self._epoch, len(self._indices))
        order = np.empty((len(places), 2), np.int64)
        for place, frames in enumerate(self._classes):
            order[places == place] = _drawn(rng, frames, int((places == place).sum()))
        return order


def _drawn(rng: np.random.Generator, frames: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return `count` draws of `frames` and how often each came before, all before any again."""
    rounds = range(-(-count // len(frames)))
    draws = [np.column_stack([rng.permutation(frames), np.full(len(frames), n)]) for n in rounds]
    return np.concatenate([np.empty((0, 2), np.int64), *draws])[:count]
