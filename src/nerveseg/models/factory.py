"""Builds a network by name and checks its options against its class."""

import importlib
import inspect
from collections.abc import Mapping
from typing import Final, get_type_hints

import torch
from pydantic import TypeAdapter, ValidationError

from nerveseg.errors import InputError
from nerveseg.models.blocks.segmenter import Segmenter
from nerveseg.models.registry import NETWORKS

MOST: Final = 4096
"""Limit on the value of any option, such as a width."""


def build(name: str, in_channels: int = 1, **options: object) -> Segmenter:
    """Return a new network, initialised from torch's global generator.

    Args:
        name: a key of `nerveseg.NETWORKS`.
        in_channels: channels of the image, 1 or 3.
        options: keyword arguments of that network's class.

    Raises:
        InputError: there is no such network or option, or a value is not allowed.

    Example:
        >>> import nerveseg
        >>> import torch
        >>> network = nerveseg.build("unet", width=8)
        >>> network(torch.zeros(1, 1, 96, 96)).shape
        torch.Size([1, 1, 96, 96])
    """
    _check_signature(name, options)
    return _network(name)(in_channels, **options)


def build_empty(name: str, in_channels: int, options: Mapping[str, object]) -> Segmenter:
    """Return a network to load weights into, without pretrained weights for its encoder."""
    rest = {key: value for key, value in options.items() if key != "encoder_weights"}
    return build(name, in_channels, **rest)


def check_options(name: str, options: Mapping[str, object]) -> None:
    """Raise every error that `build` would raise, also if pretrained weights are missing.

    Raises:
        InputError: there is no such network or option, a value is not allowed, or the weights
            that `encoder_weights` names cannot be obtained.
    """
    _check_signature(name, options)
    with torch.device("meta"):  # runs the checks of the class without allocating memory
        build_empty(name, 1, options)
    if "encoder_weights" in options:
        defaults = {key: each.default for key, each in options_of(name).items()}
        _network(name).check_pretrained(defaults | dict(options))


def check_image_size(name: str, options: Mapping[str, object], shape: tuple[int, int]) -> None:
    """Try a new network on one grey image of `shape`, height and width.

    The project's own networks take any size, because `Segmenter` pads.

    Raises:
        InputError: the network cannot be built, or cannot compute such an image.
    """
    network = build_empty(name, 1, options).eval()
    try:
        with torch.inference_mode():
            network(torch.zeros(1, 1, *shape))
    except Exception as error:
        # The classes of libraries raise many types of errors.
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{name} cannot compute frames of {shape[0]} x {shape[1]}: {reason}; choose another "
            "size, or change settings"
        ) from error


def options_of(name: str) -> dict[str, inspect.Parameter]:
    """Return the options of a network with their defaults.

    Raises:
        InputError: there is no such network.
    """
    parameters = inspect.signature(_network(name)).parameters
    return {key: each for key, each in parameters.items() if key != "in_channels"}


def _check_signature(name: str, options: Mapping[str, object]) -> None:
    known = options_of(name)
    hints = get_type_hints(_network(name).__init__)
    for key, value in options.items():
        if key not in known:
            listed = ", ".join(known)
            raise InputError(f"{name} has no option '{key}'; it has {listed}")
        if isinstance(value, int) and abs(value) > MOST:
            raise InputError(f"{name}: {key} cannot be {value}: at most {MOST}")
        try:
            TypeAdapter(hints[key]).validate_python(value, strict=True)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise InputError(f"{name}: {key} cannot be '{value}': {reason}") from error


def _network(name: str) -> type[Segmenter]:
    if name not in NETWORKS:
        raise InputError(f"no network is called '{name}'; there are {', '.join(NETWORKS)}")
    entry = NETWORKS[name]
    found: type[Segmenter] = getattr(importlib.import_module(entry.module), entry.name_of_class)
    return found
