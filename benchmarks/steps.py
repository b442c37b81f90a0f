"""One update of a network's weights: by our engine, and by a straightforward training loop."""

import time
from collections.abc import Callable
from typing import Final

import torch
from benchmarks.roofline import Ceilings, Tally, wait
from torch import nn

from nerveseg.data.dataset import Batch
from nerveseg.data.input_normalisation import to_input
from nerveseg.training.distributed import World
from nerveseg.training.engine import Engine
from nerveseg.training.losses import PAPER

RATE: Final = 1e-4
DECAY: Final = 1e-3


def batch_of(frames: int, size: int | tuple[int, int], seed: int = 0) -> Batch:
    """Return random frames with a disc as the nerve in every second one.

    Args:
        frames: number of frames.
        size: height and width, or one number for both.
        seed: seed of the frames.
    """
    height, width = size if isinstance(size, tuple) else (size, size)
    random = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (frames, height, width), dtype=torch.uint8, generator=random)
    down, across = torch.arange(height) - height // 2, torch.arange(width) - width // 2
    disc = down[:, None] ** 2 + across**2 < (min(height, width) // 5) ** 2
    masks = disc.to(torch.uint8).repeat(frames, 1, 1)
    masks[1::2] = 0
    return Batch(images, masks, torch.full((frames,), 1.0 / frames))


def engine_of(
    network: nn.Module,
    device: torch.device,
    dtype: torch.dtype,
    frames: int,
    *,
    compiled: bool,
    recompute: bool = False,
) -> Engine:
    """Return our engine for a network with one input channel, as in a single training process."""
    return Engine(
        network,
        1,
        dtype=dtype,
        weight_decay=DECAY,
        world=World(0, 1, device),
        frames=frames,
        recompute=recompute,
        compiled=compiled,
    )


def our_step(engine: Engine, batch: Batch) -> Callable[[], None]:
    """Return one update as the training loop does it; the batch comes from the host."""

    def step() -> None:
        engine.train_step([batch], RATE)

    return step


def plain_step(network: nn.Module, batch: Batch, device: torch.device) -> Callable[[], None]:
    """Return one straightforward update: float32 (TF32 by default), contiguous, Adam, item().

    Its batch is already on the device as floats, so the time excludes the copy.
    """
    network = network.to(device)
    optimiser = torch.optim.Adam(network.parameters(), RATE, weight_decay=DECAY)
    inputs, masks = to_input(batch.images, 1).to(device), batch.masks.to(device)

    def step() -> None:
        optimiser.zero_grad()
        loss = PAPER.frame_losses(network(inputs), masks).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        loss.item()

    return step


def seconds_of(step: Callable[[], None], device: torch.device, steps: int, blocks: int) -> float:
    """Return the time of one update in seconds: the median over `blocks` of `steps` updates."""
    times = []
    for _ in range(blocks):
        wait(device)
        start = time.perf_counter()
        for _ in range(steps):
            step()
        wait(device)
        times.append((time.perf_counter() - start) / steps)
    return sorted(times)[len(times) // 2]


def roof_of(
    network: nn.Module, batch: Batch, device: torch.device, dtype: torch.dtype, limits: Ceilings
) -> Tally:
    """Count one update, computed operation by operation in `dtype`, against the ceilings."""
    network = network.to(device).to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(network.parameters(), RATE, weight_decay=DECAY, fused=True)
    inputs = to_input(batch.images, 1).to(device).contiguous(memory_format=torch.channels_last)
    masks = batch.masks.to(device)
    with Tally(limits) as tally:
        with torch.autocast(device.type, dtype):
            outputs = network(inputs)
        PAPER.frame_losses(outputs, masks).mean().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return tally
