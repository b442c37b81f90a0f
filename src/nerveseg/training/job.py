"""The stage `train`: from packed frames and folds to trained weights and learning curves."""

import csv
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import nn
from torch.utils.data import DataLoader

from nerveseg.atomic import whole_file
from nerveseg.data.augment import Augmentation
from nerveseg.data.dataset import Batch, FrameBatches, loader, workers_for
from nerveseg.data.packed import TRAIN_SUMS, Packed, check_train_sums
from nerveseg.data.random_warp import Strengths
from nerveseg.data.sampler import LEAST, EpochSampler, Portion, Shares
from nerveseg.device import choose_algorithms, working_dtype
from nerveseg.environment import environment
from nerveseg.errors import within
from nerveseg.models.factory import build
from nerveseg.models.weights import Description, save_weights
from nerveseg.params.train import TrainParams
from nerveseg.training.averaging import Average, AverageOfEpochs, MovingAverage
from nerveseg.training.checkpoint import Checkpoints, folder_of, key_of, minutes_between
from nerveseg.training.chosen_frames import ChosenFrames, choose_frames, with_pseudo_labels
from nerveseg.training.compile_choice import Workload
from nerveseg.training.distributed import World, process_group
from nerveseg.training.engine import Engine
from nerveseg.training.half_size import check_half_size
from nerveseg.training.initial_weights import check_fold, initial_path, read_initial
from nerveseg.training.loop import fit
from nerveseg.training.losses import Objective, check_losses
from nerveseg.training.presence_head import PresenceHead
from nerveseg.training.validation import ValidationMetrics, validate

VALIDATION_BATCHES: Final = 4  # a pass without gradients needs less memory per frame


class TrainingFiles(NamedTuple):
    """The files of one training.

    Attributes:
        packed: folder of the packed competition.
        folds: table of the fold of every frame, in the order of the packed frames.
        code: file that changes with the code of this training (`nerveseg.relevant_code`).
        weights: file to write.
        curves: table to write.
    """

    packed: Path
    folds: Path
    code: Path
    weights: Path
    curves: Path


def train_network(
    network: str,
    options: Mapping[str, object],
    params: TrainParams,
    *,
    name: str,
    label: str,
    fold: int,
    files: TrainingFiles,
) -> None:
    """Train one run and write its weights and learning curves.

    Args:
        network: key of `nerveseg.models.registry.NETWORKS`.
        options: options of the network's class.
        params: the protocol.
        name: name of the run.
        label: what the lines of progress call the training.
        fold: the validation fold.
        files: what it reads and writes.

    Raises:
        InputError: files, options or parameters do not fit, or the training failed.
    """
    check_losses(params.losses)
    choose_algorithms(deterministic=params.deterministic)
    frames = Packed.open(files.packed)
    chosen = choose_frames(files.folds, fold, frames)
    chosen = with_pseudo_labels(chosen, params.pseudo_labels, fold, files.packed, frames)
    initial = initial_path(params.initial_weights, name, fold)
    with process_group() as world:
        with within(f"models.{name}"):
            module = _new_network(network, options, params, initial)
            check_fold(initial, fold, chosen.assignment)
        key = _key(network, options, params, files, [initial, chosen.file], fold=fold)
        checkpoints = Checkpoints(folder_of(key), minutes_between())
        with checkpoints.locked() if world.first else nullcontext():
            world.barrier()
            if checkpoints.found:  # the state must not go on with other frames
                check_train_sums(files.packed)
            workload = Workload(network, options, len(chosen.train), frames.size, world)
            engine = _engine(module, params, workload, label)
            history = _fit(engine, frames, chosen, checkpoints, params, name=label, world=world)
            if world.first:
                write_curves(files.curves, history)
                training = _recorded(params, fold, world.device) | chosen.record()
                described = network, dict(options), params.channels, frames.size, training
                save_weights(files.weights, engine.result, Description(*described))
                checkpoints.clear()
            world.barrier()


def _recorded(params: TrainParams, fold: int, device: torch.device) -> dict[str, object]:
    machine = environment(device, working_dtype(params.precision, device))
    return params.model_dump() | {"fold": fold, "environment": machine}


def objective_of(params: TrainParams) -> Objective:
    """Return what training with `params` minimises."""
    return Objective(
        params.losses, params.dice_over, params.dice_smoothing, params.heads, params.soft_outline
    )


def write_curves(path: Path, history: Sequence[dict[str, float]]) -> None:
    """Write a row per epoch, from 0, and a column per metric; a metric may have empty cells."""
    with whole_file(path) as temporary, temporary.open("w", newline="") as file:
        table = csv.DictWriter(file, ["epoch", *history[-1]], lineterminator="\n")
        table.writeheader()
        table.writerows({"epoch": epoch, **point} for epoch, point in enumerate(history))


def _new_network(
    network: str, options: Mapping[str, object], params: TrainParams, initial: Path | None
) -> nn.Module:
    # Seeded before anything depends on the process: all processes start with the same weights.
    torch.manual_seed(params.seed)
    if initial is not None:
        return read_initial(initial, network, options, params.channels)
    return build(network, params.channels, **options)


def _key(
    network: str,
    options: Mapping[str, object],
    params: TrainParams,
    files: TrainingFiles,
    others: list[Path | None],
    *,
    fold: int,
) -> str:
    settings = {"network": network, "options": dict(options), "fold": fold}
    read = [files.packed / TRAIN_SUMS, files.folds, files.code, *filter(None, others)]
    return key_of(settings | {"params": params.model_dump()}, read)


def _engine(module: nn.Module, params: TrainParams, workload: Workload, name: str) -> Engine:
    shape, world = workload.shape, workload.world
    check_half_size(params.half_size, shape)
    head = partial(PresenceHead, channels=params.channels, shape=shape, weight=params.presence_head)
    return Engine(
        module,
        params.channels,
        dtype=working_dtype(params.precision, world.device),
        weight_decay=params.weight_decay,
        world=world,
        frames=max(LEAST, params.batch // (world.size * params.accumulation)),
        objective=objective_of(params),
        optimizer=params.optimizer,
        average=_average(params),
        half_size=params.half_size,
        presence=head if params.presence_head else None,
        recompute=params.recompute,
        compiled=workload.compiled(params, name),
    )


def _average(params: TrainParams) -> Callable[[nn.Module], Average] | None:
    if params.average_last:
        return partial(AverageOfEpochs, first=params.epochs - params.average_last)
    return partial(MovingAverage, decay=params.ema) if params.ema else None


def _fit(
    engine: Engine,
    frames: Packed,
    chosen: ChosenFrames,
    checkpoints: Checkpoints,
    params: TrainParams,
    *,
    name: str,
    world: World,
) -> list[dict[str, float]]:
    sampler = EpochSampler(
        chosen.train,
        chosen.positive,
        batch=params.batch,
        seed=params.seed,
        balance=_balance(params),
        portion=Portion(world.rank, world.size, params.accumulation),
    )
    return fit(
        engine,
        _batches(frames, chosen, sampler, params, world),
        sampler,
        _validation(frames, chosen, params, world),
        name=name,
        params=params,
        checkpoints=checkpoints,
        world=world,
    )


def _balance(params: TrainParams) -> bool | Shares:
    if isinstance(params.balance, bool):
        return params.balance
    return Shares(*params.balance, epochs=params.epochs)


def _batches(
    frames: Packed, chosen: ChosenFrames, sampler: EpochSampler, params: TrainParams, world: World
) -> DataLoader[Batch]:
    strengths = Strengths(params.rotation, params.scale, params.shift, params.intensity)
    augmentation = Augmentation(
        params.flips, strengths, frames.size, params.seed, params.transforms
    )
    return loader(
        FrameBatches(frames.train_images, frames.train_masks, augmentation, chosen.added or ()),
        sampler,
        workers=workers_for(world.device),
        pin=world.device.type == "cuda",
    )


def _validation(
    frames: Packed, chosen: ChosenFrames, params: TrainParams, world: World
) -> Callable[[nn.Module], ValidationMetrics]:
    return partial(
        validate,
        images=frames.train_images,
        masks=frames.train_masks,
        indices=chosen.valid,
        channels=params.channels,
        batch=max(1, VALIDATION_BATCHES * params.batch // params.accumulation),
        dtype=working_dtype(params.precision, world.device),
        world=world,
        objective=objective_of(params),
    )
