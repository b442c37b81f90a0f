"""The training loop: epochs, updates, validation, checkpoints and resuming, from top to bottom.

One update is `nerveseg.training.engine.Engine.train_step`.
"""

import gc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Final, TypeVar

from torch import nn
from torch.utils.data import DataLoader

from nerveseg.data.dataset import Batch
from nerveseg.data.sampler import EpochSampler
from nerveseg.params.train import TrainParams
from nerveseg.training.checkpoint import Checkpoints
from nerveseg.training.distributed import World
from nerveseg.training.engine import Engine
from nerveseg.training.interruption import (
    Interruption,
    check_finite,
    determinism_explained,
    memory_explained,
)
from nerveseg.training.progress import Progress
from nerveseg.training.schedule import Schedule
from nerveseg.training.validation import ValidationMetrics

T = TypeVar("T")

# Updates between two reads of the loss and of signals on a GPU or with several processes: reading
# waits for all work queued there.
READ_EVERY: Final = 50


@dataclass
class TrainState:
    """How far a training has got.

    Attributes:
        epoch: current epoch, from 0.
        step: next update of the epoch, from 0.
        loss_sum: sum over the losses of the epoch's updates so far.
        history: one point per finished epoch.
    """

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)

    def finish_epoch(self, point: dict[str, float]) -> None:
        """Add `point` to the history and go to the start of the next epoch."""
        self.history.append(point)
        self.epoch, self.step, self.loss_sum = self.epoch + 1, 0, 0.0


def fit(
    engine: Engine,
    batches: DataLoader[Batch],
    sampler: EpochSampler,
    validate: Callable[[nn.Module], ValidationMetrics],
    *,
    name: str,
    params: TrainParams,
    checkpoints: Checkpoints,
    world: World,
) -> list[dict[str, float]]:
    """Train `engine`'s network, resuming from the last checkpoint if there is one.

    Args:
        engine: the network and its optimiser.
        batches: yields `params.accumulation` micro-batches per update, in the order of `sampler`.
        sampler: chooses the frames; it is told where to begin.
        validate: measures the engine's result, after the epochs that `params` says.
        name: name of the run, for messages.
        params: the protocol.
        checkpoints: where process 0 saves to and all processes resume from.
        world: the processes that train together.

    Returns:
        For each epoch the mean training loss and the last learning rate, and the validation metrics
        if it was validated, as the last one always is.

    Raises:
        InputError: out of memory, out of disk space, or the loss is NaN or infinite.
        KeyboardInterrupt: a signal asked to stop; the state is saved.
        SystemExit: the same, in all processes but the first.
    """
    state = _resume(engine, checkpoints, world)
    schedule = _schedule(params, sampler.steps)
    read_every = READ_EVERY if world.device.type == "cuda" or world.size > 1 else 1
    progress = Progress(
        name, params, sampler.steps, state.epoch * sampler.steps + state.step, world.first
    )
    interruption = Interruption(patient=world.size > 1)
    _freeze_garbage_collector()
    with determinism_explained(), memory_explained(params, world), interruption, progress:
        for epoch in range(state.epoch, params.epochs):
            sampler.start_at(epoch, state.step)
            engine.start_epoch(epoch)
            for micro_batches in in_groups(batches, params.accumulation):
                iteration = epoch * sampler.steps + state.step
                rate = schedule.rate(iteration)
                # Seeding dropout by the position makes saving a random state unnecessary. A better
                # hash would change the weights of every training.
                world.generator.manual_seed(hash((params.seed, iteration, world.rank)))
                engine.train_step(micro_batches, rate)
                state.step += 1
                if state.step % read_every == 0 or state.step == sampler.steps:
                    state.loss_sum += engine.take_loss()
                    check_finite("the loss", state.loss_sum, epoch, params)
                    progress.step(iteration + 1, state.loss_sum / state.step, rate)
                    stop = world.any(interruption.asked)
                    if state.step < sampler.steps and (checkpoints.due or stop):
                        _save(engine, state, params, checkpoints, world)
                        _stop_if(stop, name, state, checkpoints, world)
            engine.finish_epoch(epoch)
            metrics = validate(engine.result) if params.validates(epoch) else None
            point = _point(state.loss_sum / state.step, rate, metrics)
            progress.epoch(epoch, point)
            state.finish_epoch(point)
            _save(engine, state, params, checkpoints, world)
            _stop_if(world.any(interruption.asked), name, state, checkpoints, world)
        checkpoints.finish()
    return state.history


def _schedule(params: TrainParams, steps: int) -> Schedule:
    updates, warmup = params.epochs * steps, params.warmup * steps
    return Schedule(params.learning_rate, updates, params.schedule, params.power, warmup)


def in_groups(items: Iterable[T], count: int) -> Iterator[tuple[T, ...]]:
    """Yield `items` in consecutive groups of `count` (Python 3.13's strict `itertools.batched`).

    Raises:
        ValueError: the last group is incomplete.
    """
    iterator = iter(items)
    while group := tuple(islice(iterator, count)):
        if len(group) < count:
            raise ValueError(f"the last group has {len(group)} of {count} items")
        yield group


def _resume(engine: Engine, checkpoints: Checkpoints, world: World) -> TrainState:
    saved = checkpoints.load(world.device)
    if saved is None:
        return TrainState()
    with checkpoints.restoring():
        engine.restore(saved["engine"])
        return TrainState(**saved["train_state"])


def _save(
    engine: Engine, state: TrainState, params: TrainParams, checkpoints: Checkpoints, world: World
) -> None:
    if world.first:
        check_finite("a weight", engine.weight_norm(), state.epoch, params)
        checkpoints.save({"engine": engine.state(), "train_state": asdict(state)})


def _stop_if(
    asked: bool, name: str, state: TrainState, checkpoints: Checkpoints, world: World
) -> None:
    if not asked:
        return
    checkpoints.finish()
    world.barrier()
    line = f"{name} is saved at epoch {state.epoch + 1}, step {state.step}; run again to go on"
    raise KeyboardInterrupt(line) if world.first else SystemExit(130)


def _point(loss: float, rate: float, metrics: ValidationMetrics | None) -> dict[str, float]:
    trained = {"train/loss": loss, "train/rate": rate}
    if metrics is None:
        return trained
    return {**trained, "valid/loss": metrics.loss, "valid/dice": metrics.dice}


def _freeze_garbage_collector() -> None:
    # Otherwise every full collection goes through all the objects that importing torch left.
    gc.collect()
    gc.freeze()
