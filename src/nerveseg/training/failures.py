"""What can go wrong in the middle of a training, in one line with the parameter to change."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from nerveseg.errors import InputError
from nerveseg.params.train import TrainParams


@contextmanager
def memory_explained(params: TrainParams) -> Iterator[None]:
    """Turn out-of-memory errors, on any device, into advice.

    Raises:
        InputError: the memory ran out.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        text = str(error)
        full = isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate" in text
        if not full:
            raise
        more = min(2 * params.accumulation, params.batch)
        halved = (
            f"set train.accumulation={more} (now {params.accumulation}: same batch, less memory)"
        )
        lower = "" if params.precision in {"bf16", "fp16"} else " or train.precision=bf16"
        raise InputError(
            f"out of memory at train.batch={params.batch}: {halved}{lower}; the last checkpoint "
            "is kept"
        ) from error


def check_finite(what: str, value: float, epoch: int, params: TrainParams) -> None:
    """Raise unless `value` is a number.

    Raises:
        InputError: it is NaN or infinite.
    """
    if not math.isfinite(value):
        precision = " or train.precision=fp32" if params.precision != "fp32" else ""
        raise InputError(
            f"{what} became {value} in epoch {epoch + 1}: lower train.learning_rate (now "
            f"{params.learning_rate:g}){precision}; the last good checkpoint is kept"
        )
