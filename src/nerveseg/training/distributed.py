"""The processes that train one network together: those that `torchrun` starts, or just one."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, distributed

from nerveseg.device import pick_device
from nerveseg.errors import InputError


class World(NamedTuple):
    """The processes that train together, and which of them this one is.

    Attributes:
        rank: index of this process; process 0 writes files and reports.
        size: number of processes.
        device: device of this process.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this is process 0, which writes files and reports."""
        return self.rank == 0

    @property
    def generator(self) -> torch.Generator:
        """The generator of dropout on this device; `torch.manual_seed` is slower."""
        if self.device.type == "cuda":
            return torch.cuda.default_generators[torch.cuda.current_device()]
        return torch.default_generator

    def sum(self, values: Tensor) -> Tensor:
        """Sum `values` over all processes, in place; all of them must call this together."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values

    def any(self, flag: bool) -> bool:
        """Return whether `flag` is true in any process; all of them must call this together."""
        if self.size == 1:
            return flag
        return bool(self.sum(torch.tensor(float(flag), device=self.device)))

    def barrier(self) -> None:
        """Return once all processes have called this."""
        if self.size > 1:
            distributed.barrier()


@contextmanager
def process_group() -> Iterator[World]:
    """Join the processes that the environment describes, if any, while the context lasts."""
    size = _number("WORLD_SIZE", "1")
    if size == 1:
        yield World(0, 1, pick_device())
        return
    own = _number("LOCAL_RANK", "", least=0) if torch.cuda.is_available() else None
    device = pick_device(own)
    if device.type != "cuda":
        # torchrun limits each process to one thread; share all cores evenly instead.
        cores = len(os.sched_getaffinity(0))
        torch.set_num_threads(max(1, cores // _number("LOCAL_WORLD_SIZE", "1")))
    try:
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    except ValueError as error:
        raise InputError(
            f"the environment variable WORLD_SIZE is {size}, but the processes cannot be joined "
            f"({error}); unset it, or start with a launcher such as torchrun"
        ) from error
    try:
        yield World(distributed.get_rank(), size, device)
    finally:
        distributed.destroy_process_group()


def _number(name: str, default: str, least: int = 1) -> int:
    given = os.environ.get(name, default)
    if not re.fullmatch("[0-9]{1,9}", given) or int(given) < least:
        raise InputError(
            f"the environment variable {name} is {given!r}, not a number from {least} on; correct "
            "it, or unset WORLD_SIZE to train in one process"
        )
    return int(given)
