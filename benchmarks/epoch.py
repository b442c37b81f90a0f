"""A whole training, with loading and checkpoints, compared with its optimisation steps alone.

Validation is left out on both sides, because it is not part of a step.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from benchmarks.roofline import wait
from benchmarks.steps import batch_of, engine_of, our_step, seconds_of
from torch import nn

from nerveseg.data.augment import Augmentation
from nerveseg.data.dataset import FrameBatches, loader, workers_for
from nerveseg.data.random_warp import Strengths
from nerveseg.data.sampler import EpochSampler
from nerveseg.device import working_dtype
from nerveseg.models.factory import build
from nerveseg.params.train import TrainParams
from nerveseg.training.checkpoint import Checkpoints, minutes_between
from nerveseg.training.distributed import World
from nerveseg.training.engine import Engine
from nerveseg.training.loop import fit
from nerveseg.training.validation import ValidationMetrics

EPOCHS = 7
PARAMS = TrainParams(
    epochs=EPOCHS,
    batch=8,
    accumulation=1,
    optimizer="adam",
    initial_weights=None,
    pseudo_labels=None,
    learning_rate=1e-4,
    schedule="poly",
    power=0.9,
    warmup=0,
    weight_decay=1e-3,
    ema=0,
    average_last=0,
    presence_head=0,
    half_size=0,
    validate_every=1,
    losses={"cross_entropy": 1.0, "squared_dice": 1.0},
    dice_over="batch",
    dice_smoothing=1.0,
    heads="mean",
    soft_outline=0,
    balance=True,
    flips=["horizontal", "vertical", "diagonal"],
    rotation=15,
    scale=0,
    shift=0,
    intensity=0,
    transforms=[],
    channels=1,
    precision="auto",
    deterministic=False,
    recompute=False,
    compile="auto",
    seed=1,
)


class Speed(NamedTuple):
    """How fast an epoch is, and where its time goes.

    Attributes:
        images_per_second: speed of the training loop, with loading, augmentation and checkpoints.
        step_images_per_second: speed of the steps alone, which repeat one batch.
        share_outside: share of the loop's time that is spent outside the steps, 0..1.
        workers: number of processes that load frames.
    """

    images_per_second: float
    step_images_per_second: float
    share_outside: float
    workers: int


def epoch_speed(
    name: str, options: Mapping[str, Any], device: torch.device, *, size: int, frames: int
) -> Speed:
    """Train `name` on `frames` random frames, size x size, and on one batch alone."""
    torch.manual_seed(0)
    dtype = working_dtype("auto", device)
    network: nn.Module = build(name, 1, **options)
    engine = engine_of(network, device, dtype, PARAMS.batch, compiled=False)
    step = our_step(engine, batch_of(PARAMS.batch, size))
    seconds_of(step, device, 3, 1)
    steps = frames // PARAMS.batch
    alone = seconds_of(step, device, steps, 1)
    clock = _Clock(engine)
    workers = workers_for(device)
    data = batch_of(frames, size)
    indices = np.arange(frames)
    data.masks[1::2] = (
        0  # every second frame shows no nerve, in agreement with the sampler's labels
    )
    sampler = EpochSampler(indices, indices % 2 == 0, batch=PARAMS.batch, seed=1)
    change = Augmentation(PARAMS.flips, Strengths(PARAMS.rotation), (size, size), 1)
    batches = loader(
        FrameBatches(data.images.numpy(), data.masks.numpy(), change),
        sampler,
        workers=workers,
        pin=device.type == "cuda",
    )
    stamps: list[tuple[float, float]] = []

    def no_validation(_network: nn.Module) -> ValidationMetrics:
        wait(device)
        stamps.append((time.perf_counter(), clock.inside))
        return ValidationMetrics(0.0, 0.0)

    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(Path(folder), minutes_between())
        world = World(0, 1, device)
        fit(
            engine,
            batches,
            sampler,
            no_validation,
            name=name,
            params=PARAMS,
            checkpoints=checkpoints,
            world=world,
        )
    # The first epoch is left out: it also starts the workers.
    seconds = (stamps[-1][0] - stamps[0][0]) / (EPOCHS - 1)
    if device.type == "cpu":
        # Both times come from the same epochs, so other programs slow them equally.
        inside = (stamps[-1][1] - stamps[0][1]) / (EPOCHS - 1)
    else:
        # The host only queues the steps, so they are timed separately, before and after.
        inside = min(alone, seconds_of(step, device, steps, 1)) * steps
    return Speed(frames / seconds, frames / inside, max(0.0, 1 - inside / seconds), workers)


class _Clock:
    """Adds up the time that is spent in the calls of an engine.

    Args:
        engine: the engine whose calls are timed from now on.
    """

    def __init__(self, engine: Engine) -> None:
        self.inside = 0.0
        engine.train_step = self._timed(engine.train_step)  # type: ignore[method-assign]

    def _timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            start = time.perf_counter()
            result = call(*args, **kwargs)
            self.inside += time.perf_counter() - start
            return result

        return timed
