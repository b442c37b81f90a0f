"""From the files of a stage to trained weights and curves."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import DataLoader

from nerveseg.data.augment import Augmentation
from nerveseg.data.dataset import Batch, FrameBatches, loader, workers_for
from nerveseg.data.packed import TRAIN_IMAGES, TRAIN_MASKS, TRAIN_TABLE, Packed
from nerveseg.data.sampler import LEAST, EpochSampler, Portion
from nerveseg.data.split_table import read_split, rows_of
from nerveseg.device import working_dtype
from nerveseg.errors import InputError, within
from nerveseg.models.build import build
from nerveseg.models.weights import Description, save_weights
from nerveseg.params.train import TrainParams
from nerveseg.training.checkpoint import Checkpoints, folder_of, key_of, minutes_between
from nerveseg.training.curves import write_curves
from nerveseg.training.distributed import World, world
from nerveseg.training.engine import Engine
from nerveseg.training.loop import fit
from nerveseg.training.validation import ValidationMetrics, validate

# A forward pass without gradients takes less memory a frame: more frames go at once.
VALIDATION_BATCHES: Final = 4


class Chosen(NamedTuple):
    """Row numbers of the packed frames.

    Attributes:
        train: to train on.
        positive: which of these show a nerve.
        valid: to validate on.
    """

    train: NDArray[np.int64]
    positive: NDArray[np.bool_]
    valid: NDArray[np.int64]


def train_network(
    network: str,
    options: Mapping[str, object],
    params: TrainParams,
    *,
    name: str,
    packed: Path,
    split: Path,
    code: Path,
    weights: Path,
    curves: Path,
) -> None:
    """Train one network and write its weights and curves.

    Args:
        network: its name in `nerveseg.models.registry`.
        options: what it is built with.
        params: the protocol.
        name: of the run, for the reader.
        packed: folder of the packed competition.
        split: table of which frame is in which part, in the order of the packed frames.
        code: file that changes with the code of this training (`nerveseg.relevant_code`).
        weights: file to write.
        curves: table to write.

    Raises:
        InputError: the files, options or parameters do not fit, or the training failed.
    """
    frames = Packed.open(packed)
    chosen = parts_of(split, frames)
    with world() as here:
        with within(f"models.{name}"):
            module = _new_network(network, options, params)
        key = _key(network, options, params, packed, [split, code])
        checkpoints = Checkpoints(folder_of(key), minutes_between())
        with checkpoints.locked() if here.first else nullcontext():
            here.wait()
            engine = _engine(module, params, here)
            sampler = _sampler(chosen, params, here)
            history = fit(
                engine,
                _batches(frames, sampler, params, here),
                sampler,
                _validation(engine.network, frames, chosen, params, here),
                name=name,
                params=params,
                checkpoints=checkpoints,
                world=here,
            )
            if here.first:
                write_curves(curves, history)
                used = (params.channels, frames.size, params.model_dump())
                save_weights(weights, engine.network, Description(network, dict(options), *used))
                checkpoints.clear()
            here.wait()


def _new_network(network: str, options: Mapping[str, object], params: TrainParams) -> nn.Module:
    # Before anything depends on the process: the weights of all of them start alike.
    torch.manual_seed(params.seed)
    return build(network, params.channels, **options)


def _key(
    network: str,
    options: Mapping[str, object],
    params: TrainParams,
    packed: Path,
    others: list[Path],
) -> str:
    settings = {
        "network": network,
        "options": dict(options),
        "params": params.model_dump(),
    }
    data = [packed / name for name in (TRAIN_IMAGES, TRAIN_MASKS, TRAIN_TABLE)]
    return key_of(settings, [*data, *others])


def _engine(module: nn.Module, params: TrainParams, here: World) -> Engine:
    # Shapes repeat: it pays to try which algorithm is fastest for each.
    torch.backends.cudnn.benchmark = True
    return Engine(
        module,
        params.channels,
        dtype=working_dtype(params.precision, here.device),
        weight_decay=params.weight_decay,
        world=here,
        frames=max(LEAST, params.batch // (here.size * params.accumulation)),
        compiled=compiled_for(params),
    )


def _sampler(chosen: Chosen, params: TrainParams, here: World) -> EpochSampler:
    return EpochSampler(
        chosen.train,
        chosen.positive,
        batch=params.batch,
        seed=params.seed,
        balance=params.balance,
        portion=Portion(here.rank, here.size, params.accumulation),
    )


def _batches(
    frames: Packed, sampler: EpochSampler, params: TrainParams, here: World
) -> DataLoader[Batch]:
    change = Augmentation(params.flips, params.rotation, frames.size, params.seed)
    return loader(
        FrameBatches(frames.train_images, frames.train_masks, change),
        sampler,
        workers=workers_for(here.device),
        pin=here.device.type == "cuda",
    )


def _validation(
    network: nn.Module, frames: Packed, chosen: Chosen, params: TrainParams, here: World
) -> Callable[[], ValidationMetrics]:
    return partial(
        validate,
        network,
        frames.train_images,
        frames.train_masks,
        chosen.valid,
        channels=params.channels,
        batch=max(1, VALIDATION_BATCHES * params.batch // params.accumulation),
        dtype=working_dtype(params.precision, here.device),
        world=here,
    )


def parts_of(split: Path, frames: Packed) -> Chosen:
    """Return which frames train and which validate.

    Raises:
        InputError: the table is of other frames, or none is left to train on.
    """
    places = read_split(split)
    if [place[:2] for place in places] != [record[:2] for record in frames.train]:
        raise InputError(f"{split}: not a split of the packed frames; run dvc repro split")
    train = rows_of(places, "train")
    if not len(train):
        raise InputError(f"{split}: no frame to train on; change the section split of params.yaml")
    positive = np.array([frames.train[row].pixels != "" for row in train])
    return Chosen(train, positive, rows_of(places, "valid"))


def compiled_for(params: TrainParams) -> bool:
    """Return whether to compile: on request only, until it is known where the whole gets faster."""
    return params.compile is True
