"""Fine-tuning: a training that begins with the weights of an earlier one of the same network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from torch import nn

from nerveseg.errors import InputError, within
from nerveseg.models.factory import options_of
from nerveseg.models.weights import Description, load_weights
from nerveseg.package import unpacked_model

KEY: Final = "train.initial_weights"
RUN: Final = "{run}"
"""Stands for the name of the run in the path, so that each run can have a file."""
FOLD: Final = "{fold}"
"""Stands for the validation fold in the path."""


def initial_path(given: str | None, run: str, fold: int) -> Path | None:
    """Return the path of the initial weights of a training of `run` on `fold`; None without any."""
    return None if given is None else Path(given.replace(RUN, run).replace(FOLD, str(fold)))


def read_initial(
    path: Path, network: str, options: Mapping[str, object], channels: int
) -> nn.Module:
    """Return the network stored at `path`, on the CPU and in training mode.

    Args:
        path: a file weights.safetensors, or what `nerveseg share` writes.
        network: key of `nerveseg.models.registry.NETWORKS`.
        options: options of the network's class. `encoder_weights` does not count.
        channels: channels of the network's input.

    Raises:
        InputError: the file is missing or damaged, or belongs to another network, other options or
            another number of channels.
    """
    with within(KEY):
        if not path.is_file():
            raise InputError(f"{path}: no such file; correct the path, or write null")
        with unpacked_model(path) as file:
            module, description = load_weights(file)
        if fault := _fault(description, network, options, channels):
            raise InputError(
                f"{path}: {fault}; give weights of the same network, for each run if {RUN} stands "
                "for its name, or change the run"
            )
    return module.train()


def check_fold(path: Path | None, fold: int, assignment: str) -> None:
    """Refuse weights that have been trained on frames which validate `fold`.

    Args:
        path: a file that `read_initial` has read; None without any.
        fold: the validation fold of the training that begins with them.
        assignment: `nerveseg.data.fold_table.assignment_of` its split.

    Raises:
        InputError: the file says that it was trained on the same split and validated on another
            fold.
    """
    if path is None:
        return
    with unpacked_model(path) as file:
        training = load_weights(file)[1].training
    theirs = training.get("fold")
    if training.get("assignment") == assignment and theirs != fold:
        raise InputError(
            f"{KEY}: {path}: validated on fold {theirs} of this split, so it has trained on frames "
            f"of fold {fold}, which would be judged by it; give weights of this fold: {FOLD} in "
            "the path stands for its number"
        )


def _fault(
    found: Description, network: str, options: Mapping[str, object], channels: int
) -> str | None:
    """Return how the network of a file differs from the one to train, or None."""
    if found.network != network:
        return f"the weights of {found.network}, not of {network}"
    theirs = _filled(network, found.options) | {"train.channels": found.in_channels}
    ours = _filled(network, options) | {"train.channels": channels}
    differing = [
        f"{key} {theirs[key]}, not {ours[key]}" for key in ours if ours[key] != theirs[key]
    ]
    return f"the weights of {network} with {', '.join(differing)}" if differing else None


def _filled(network: str, options: Mapping[str, object]) -> dict[str, object]:
    defaults = {key: each.default for key, each in options_of(network).items()}
    filled = defaults | dict(options)
    filled.pop("encoder_weights", None)
    return filled
