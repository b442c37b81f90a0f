"""A training under `torchrun` in which one process gets SIGTERM: one_is_signalled.py FOLDER.

The signal arrives in the third step; the processes check for signals after every second step.
"""

import itertools
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import one_of_several

from nerveseg.data.dataset import Batch
from nerveseg.errors import run
from nerveseg.training import loop
from nerveseg.training.distributed import process_group
from nerveseg.training.engine import Engine

FRAMES = 40  # five steps per epoch


def main() -> None:
    """Train until the signal."""
    loop.READ_EVERY = 2  # type: ignore[misc]
    with process_group() as world:
        if not world.first:
            _signal_in_step(3)
        one_of_several.train(one_of_several.SMALL, Path(sys.argv[1]), world, frames=FRAMES)


def _signal_in_step(step: int) -> None:
    train_step, calls = Engine.train_step, itertools.count(1)

    def signalled(self: Engine, micro_batches: Sequence[Batch], rate: float) -> None:
        if next(calls) == step:
            os.kill(os.getpid(), signal.SIGTERM)
        train_step(self, micro_batches, rate)

    Engine.train_step = signalled  # type: ignore[method-assign]


if __name__ == "__main__":
    run(main)
