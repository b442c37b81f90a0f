"""Reports the progress of a training: a live line on a terminal, otherwise a line per epoch."""

import logging
import os
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tqdm import tqdm

from nerveseg.errors import InputError
from nerveseg.params.train import TrainParams

log = logging.getLogger(__name__)


def log_level() -> int:
    """Return the level that `NERVESEG_LOG_LEVEL` names, in any case of letters; INFO if unset.

    Raises:
        InputError: the variable names no level.
    """
    text = os.environ.get("NERVESEG_LOG_LEVEL", "").strip() or "INFO"
    levels = logging.getLevelNamesMapping()
    if text.upper() not in levels:
        raise InputError(
            f"NERVESEG_LOG_LEVEL: '{text[:20]}' is not a level; use one of {', '.join(levels)}"
        )
    return levels[text.upper()]


def start_log() -> None:
    """Log from `log_level`.

    Raises:
        InputError: as for `log_level`.
    """
    logging.basicConfig(level=log_level(), format="%(message)s")


class Progress:
    """Shows epoch, loss, learning rate, images per second and remaining time.

    Args:
        name: name of the run.
        params: the protocol.
        steps: updates per epoch.
        begun: updates done before this process started.
        shown: whether to report; False in all processes but the first.
    """

    def __init__(self, name: str, params: TrainParams, steps: int, begun: int, shown: bool) -> None:
        self._name, self._epochs, self._steps = name, params.epochs, steps
        self._batch, self._shown = params.batch, shown
        self._began, self._begun = time.monotonic(), begun
        self._bar = tqdm(
            total=params.epochs * steps * params.batch,
            initial=begun * params.batch,
            unit="img",
            disable=not (shown and sys.stderr.isatty()),
            bar_format="{desc} {percentage:3.0f}%|{bar}| {rate_fmt}, {remaining} left{postfix}",
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the live line."""
        self._bar.close()

    def step(self, iteration: int, loss: float, rate: float) -> None:
        """Report that `iteration` updates are done, the epoch's mean loss so far, and the rate."""
        if not self._bar.disable:
            epoch = (iteration - 1) // self._steps + 1
            self._bar.set_description_str(f"{self._name} {epoch}/{self._epochs}", refresh=False)
            self._bar.set_postfix_str(f"loss {loss:.4f}, rate {rate:.2e}", refresh=False)
            self._bar.update(iteration * self._batch - self._bar.n)

    def epoch(self, epoch: int, values: Mapping[str, float]) -> None:
        """Report the end of `epoch` (from 0) and its metrics."""
        if not self._shown or not self._bar.disable:
            return
        done = (epoch + 1) * self._steps
        per_update = (time.monotonic() - self._began) / (done - self._begun)
        left = tqdm.format_interval((self._epochs * self._steps - done) * per_update)
        reached = ", ".join(f"{key} {value:.4g}" for key, value in values.items())
        speed = self._batch / per_update
        line = "%s %d/%d: %s, %.0f img/s, %s left"
        log.info(line, self._name, epoch + 1, self._epochs, reached, speed, left)
