"""The processes that train one network together, as `torchrun` starts them; usually just one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, distributed

from nerveseg.device import pick_device


class World(NamedTuple):
    """This process's place.

    Attributes:
        rank: 0 for the process that writes files and reports.
        size: processes.
        device: this process's own.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and reports."""
        return self.rank == 0

    @property
    def generator(self) -> torch.Generator:
        """What dropout draws from on this device; `torch.manual_seed` takes longer, for all."""
        if self.device.type == "cuda":
            return torch.cuda.default_generators[torch.cuda.current_device()]
        return torch.default_generator

    def total(self, values: Tensor) -> Tensor:
        """Return the sum of `values` over all processes (all must call this together)."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values

    def any(self, flag: bool) -> bool:
        """Return whether `flag` is true in any of the processes (all must call this together)."""
        if self.size == 1:
            return flag
        return bool(self.total(torch.tensor(float(flag), device=self.device)))

    def wait(self) -> None:
        """Return once all processes are here."""
        if self.size > 1:
            distributed.barrier()


@contextmanager
def world() -> Iterator[World]:
    """Join the other processes, if the environment names any, for as long as the context lasts."""
    device = pick_device()
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield World(0, 1, device)
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    else:
        # torchrun leaves each process one core; they share all of them evenly.
        cores = len(os.sched_getaffinity(0))
        torch.set_num_threads(max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))))
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield World(distributed.get_rank(), size, device)
    finally:
        distributed.destroy_process_group()
