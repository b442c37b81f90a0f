"""What ends a training early: a signal, too little memory, or a loss that is NaN or infinite."""

import math
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, Self

import torch

from nerveseg.data.sampler import LEAST
from nerveseg.device import working_dtype
from nerveseg.errors import InputError
from nerveseg.params.train import TrainParams
from nerveseg.training.distributed import World

# Ctrl-C, and what batch systems send before they kill.
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Records the first of `SIGNALS`; a second one acts at once, as it does outside the context.

    Args:
        patient: record the second one as well. torchrun forwards a signal to processes that have
            already received it, and kills those still running half a minute later.

    Attributes:
        asked: whether a signal has arrived.
    """

    def __init__(self, *, patient: bool) -> None:
        self.asked = False
        self._patient = patient
        # Signals ignored at start-up stay ignored: shells do so for background jobs.
        self._before = {
            caught: handler
            for caught in SIGNALS
            if (handler := signal.getsignal(caught)) is not signal.SIG_IGN
        }

    def __enter__(self) -> Self:
        """Start recording signals."""
        for caught in self._before:
            signal.signal(caught, self._record)
        return self

    def __exit__(self, *_raised: object) -> None:
        """Restore the previous handlers."""
        self._restore()

    def _record(self, _signal: int, _frame: FrameType | None) -> None:
        self.asked = True
        if not self._patient:
            self._restore()

    def _restore(self) -> None:
        for caught, handler in self._before.items():
            signal.signal(caught, handler)


@contextmanager
def determinism_explained() -> Iterator[None]:
    """Turn torch's refusal of an operation into an error that names the parameter behind it.

    Raises:
        InputError: an operation of the network has no deterministic algorithm on this device.
    """
    try:
        yield
    except RuntimeError as error:
        operation = re.match(r"(\w+) does not have a deterministic implementation", str(error))
        if not operation:
            raise
        raise InputError(
            f"train.deterministic: {operation[1]} has no deterministic algorithm on this device; "
            "use another network, or set train.deterministic to false"
        ) from error


@contextmanager
def memory_explained(params: TrainParams, world: World) -> Iterator[None]:
    """Turn out-of-memory errors on any device into an error that says which parameters to change.

    Args:
        params: the protocol.
        world: the processes that train together.

    Raises:
        InputError: the memory ran out.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        raise InputError(
            f"out of memory at train.batch={params.batch}: set "
            f"{' or '.join(_that_need_less_memory(params, world))}; the last checkpoint is kept"
        ) from error


def out_of_memory(error: BaseException) -> bool:
    """Return whether `error`, or one that it followed, says that a device has no memory left."""
    # Out of memory while a CUDA graph is recorded, ending the recording may fail, too.
    reason: BaseException | None = error
    while reason is not None:
        of_a_kind = isinstance(reason, torch.OutOfMemoryError | MemoryError)
        if of_a_kind or "can't allocate" in str(reason):
            return True
        reason = reason.__context__
    return False


def _that_need_less_memory(params: TrainParams, world: World) -> Iterator[str]:
    more = 2 * params.accumulation
    if params.batch // (world.size * more) >= LEAST:
        yield f"train.accumulation={more} (now {params.accumulation}: same batch, less memory)"
    if not params.recompute and params.compile is not True:
        yield "train.recompute=true (same gradients, more time)"
    if working_dtype(params.precision, world.device) == torch.float32:
        yield "train.precision=bf16"
    yield f"a smaller train.batch (now {params.batch})"


def check_finite(what: str, value: float, epoch: int, params: TrainParams) -> None:
    """Raise if `value` is NaN or infinite.

    Args:
        what: what `value` measures, for the message.
        value: the loss, or the norm of the weights.
        epoch: current epoch, from 0.
        params: the protocol.

    Raises:
        InputError: `value` is NaN or infinite.
    """
    if not math.isfinite(value):
        precision = " or train.precision=fp32" if params.precision != "fp32" else ""
        raise InputError(
            f"{what} became {value} in epoch {epoch + 1}: lower train.learning_rate (now "
            f"{params.learning_rate:g}){precision}; the last good checkpoint is kept"
        )
