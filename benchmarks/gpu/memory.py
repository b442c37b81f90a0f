"""The memory of an update: its peak, and the largest batch of a card, kept and recomputed."""

import argparse
import gc
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import torch
from benchmarks.gpu.machine import attempt, forget, new_network, new_report, peak_gib, write_report
from benchmarks.memory import CARDS
from benchmarks.steps import batch_of, engine_of, our_step

from nerveseg.training.interruption import out_of_memory

MOST: Final = 1024
"""No larger batch is tried."""
SHORT: Final = 0.95
"""A card may have less memory than its name says by this factor."""


def measure_memory(options: argparse.Namespace) -> None:
    """Write FOLDER/memory.json."""
    report = new_report("--memory", options, "size", "batch", "width")
    report["networks"] = {}
    torch.backends.cudnn.benchmark = True  # as in a training: it affects the workspaces
    for name in options.networks:
        row: dict[str, Any] = {}
        report["networks"][name] = row
        for kind, recompute in (("kept", False), ("recomputed", True)):
            of_kind = partial(_measure, name, options, row, kind, recompute)
            attempt(row, kind, of_kind)
        print(name, json.dumps(row), flush=True)
        # After each network, so that a time limit loses only the remaining ones.
        write_report(options.folder / "memory.json", report)


def _measure(
    name: str, options: argparse.Namespace, row: dict[str, Any], kind: str, recompute: bool
) -> None:
    device = torch.device(options.device)

    def update(frames: int) -> None:
        """Make two updates: the first one makes the optimiser's moments."""
        gc.collect()  # an engine is in a reference cycle
        forget(device)
        network = new_network(name, options)
        engine = engine_of(
            network, device, torch.bfloat16, frames, compiled=False, recompute=recompute
        )
        step = our_step(engine, batch_of(frames, options.size))
        step()
        step()

    update(options.batch)
    if device.type != "cuda":
        return  # a CPU counts no peak and has no limit
    row[f"{kind}_peak_gib"] = peak_gib(device)
    total = torch.cuda.get_device_properties(device).total_memory / 2**30
    for card in CARDS:
        if SHORT * card <= total:
            with _card_of(min(card, total), device):
                row[f"{kind}_largest_batch_{card}"] = largest_batch(partial(fits, update))


@contextmanager
def _card_of(gib: float, device: torch.device) -> Iterator[None]:
    """Let this process allocate only as much as a card of so many GiB has."""
    total = torch.cuda.get_device_properties(device).total_memory
    gc.collect()
    forget(device)
    torch.cuda.set_per_process_memory_fraction(gib * 2**30 / total, device)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, device)


def fits(update: Callable[[int], None], frames: int) -> bool:
    """Return whether `update`, on so many frames, does not run out of memory."""
    try:
        update(frames)
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        return False
    return True


def largest_batch(fit: Callable[[int], bool], most: int = MOST) -> int:
    """Return the largest batch that fits, by doubling and bisection.

    Args:
        fit: whether a batch of so many frames fits; no batch larger than one that does not may.
        most: the largest number of frames to try.

    Returns:
        1 to `most`; 0 if not even one frame fits.
    """
    low, high = 0, 1
    while high <= most and fit(high):
        low, high = high, 2 * high
    high = min(high, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        if fit(middle):
            low = middle
        else:
            high = middle
    return low
