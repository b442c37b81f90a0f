"""A training by `torchrun` in which one process hears SIGTERM: python one_is_signalled.py FOLDER.

It does so in its third step, and the processes look up after every second.
"""

import itertools
import os
import signal
import sys
from pathlib import Path

import one_of_several

from nerveseg.errors import run
from nerveseg.training import loop
from nerveseg.training.distributed import world
from nerveseg.training.engine import Engine

FRAMES = 40  # five steps an epoch


def main() -> None:
    """Train until the signal."""
    loop.PATIENCE = 2  # type: ignore[misc]
    with world() as this:
        if not this.first:
            _hear_in_step(3)
        one_of_several.train(one_of_several.SMALL, Path(sys.argv[1]), this, frames=FRAMES)


def _hear_in_step(step: int) -> None:
    update, calls = Engine.update, itertools.count(1)

    def signalled(engine: Engine, rate: float) -> None:
        if next(calls) == step:
            os.kill(os.getpid(), signal.SIGTERM)
        update(engine, rate)

    Engine.update = signalled  # type: ignore[method-assign]


if __name__ == "__main__":
    run(main)
