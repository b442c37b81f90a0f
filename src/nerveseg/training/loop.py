"""The training loop: precision, distribution, accumulation and resuming, from top to bottom."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final, NoReturn

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from nerveseg.data.dataset import Batch
from nerveseg.data.sampler import EpochSampler
from nerveseg.params.train import TrainParams
from nerveseg.training.checkpoint import Checkpoints
from nerveseg.training.distributed import World
from nerveseg.training.engine import Engine
from nerveseg.training.failures import check_finite, memory_explained
from nerveseg.training.interruption import Interruption
from nerveseg.training.progress import Progress
from nerveseg.training.schedule import polynomial
from nerveseg.training.validation import ValidationMetrics

# Updates between two looks at the loss and for signals on a GPU or with other processes: a look
# waits for all work that is queued there.
PATIENCE: Final = 50


@dataclass
class Position:
    """How far a training is.

    Attributes:
        epoch: under way, from 0.
        step: of the epoch that comes next, from 0.
        loss: sum over the epoch's steps so far.
        history: one point per finished epoch.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


def fit(
    engine: Engine,
    batches: DataLoader[Batch],
    sampler: EpochSampler,
    validate: Callable[[], ValidationMetrics],
    *,
    name: str,
    params: TrainParams,
    checkpoints: Checkpoints,
    world: World,
) -> list[dict[str, float]]:
    """Train `engine`'s network; go on from the last checkpoint, if there is one.

    Args:
        engine: the network and its optimiser.
        batches: yields `params.accumulation` parts per update, in the order of `sampler`.
        sampler: says where to begin.
        validate: measures the network after each epoch.
        name: of the network, for the reader.
        params: the protocol.
        checkpoints: where to save to; only the world's first process does.
        world: the processes that train together.

    Returns:
        For each epoch the mean training loss, the last rate, and the validation's means.

    Raises:
        InputError: out of memory, out of disk, or the loss is no number.
        KeyboardInterrupt: a signal asked for the end; what was done is saved.
        SystemExit: the same, in all processes but the first.
    """
    at = Position()
    interruption = Interruption(patient=world.size > 1)
    if (state := checkpoints.load(world.device)) is not None:
        engine.restore(state["engine"])
        at = Position(**state["at"])

    def save(*, end: bool) -> None:
        if world.first:
            check_finite("a weight", engine.norm(), at.epoch, params)
            checkpoints.save({"engine": engine.state(), "at": asdict(at)})
        if end:
            _end(name, at, checkpoints, world)

    _freeze()
    total = params.epochs * sampler.steps
    look = PATIENCE if world.device.type == "cuda" or world.size > 1 else 1
    begun = at.epoch * sampler.steps + at.step
    bar = Progress(name, params, sampler.steps, begun, world.first)
    with memory_explained(params), interruption, bar:
        for epoch in range(at.epoch, params.epochs):
            sampler.start_at(epoch, at.step)
            losses = torch.zeros((), device=world.device)
            for parts in zip(*[iter(batches)] * params.accumulation, strict=True):
                iteration = epoch * sampler.steps + at.step
                rate = polynomial(params.learning_rate, iteration, total, params.power)
                # Dropout, too, is a function of the place: no random state outlives a step.
                world.generator.manual_seed(hash((params.seed, iteration, world.rank)))
                _update(engine, parts, rate, losses)
                at.step += 1
                if at.step % look == 0 or at.step == sampler.steps:
                    at.loss += world.total(losses).item()
                    losses.zero_()
                    check_finite("the loss", at.loss, epoch, params)
                    bar.step(iteration + 1, at.loss / at.step, rate)
                    end = world.any(interruption.asked)
                    if at.step < sampler.steps and (checkpoints.due or end):
                        save(end=end)
            quality = validate()
            point = _point(at.loss / at.step, rate, quality)
            bar.epoch(epoch, point)
            at = Position(epoch + 1, 0, 0.0, [*at.history, point])
            save(end=world.any(interruption.asked))
        checkpoints.finish()
    return at.history


def _update(engine: Engine, parts: Sequence[Batch], rate: float, losses: Tensor) -> None:
    for number, part in enumerate(parts, start=1):
        # Added at once, in place: recorded work overwrites its result with the next part's.
        losses += engine.backward(part, last=number == len(parts))
    engine.update(rate)


def _end(name: str, at: Position, checkpoints: Checkpoints, world: World) -> NoReturn:
    checkpoints.finish()
    world.wait()
    line = f"{name} is saved at epoch {at.epoch + 1}, step {at.step}; run again to go on"
    raise KeyboardInterrupt(line) if world.first else SystemExit(130)


def _point(loss: float, rate: float, quality: ValidationMetrics) -> dict[str, float]:
    trained = {"train/loss": loss, "train/rate": rate}
    return {**trained, "valid/loss": quality.loss, "valid/dice": quality.dice}


def _freeze() -> None:
    # What torch's import leaves is looked through by every full collection, unless it is frozen.
    gc.collect()
    gc.freeze()
