"""Builds networks of segmentation_models_pytorch (smp) from names, and checks these first."""

import inspect
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Final

import segmentation_models_pytorch as smp
import timm
import torch
from torch import nn

from nerveseg.errors import InputError
from nerveseg.models.blocks.pretrained import read_state
from nerveseg.models.blocks.smp_weights import (
    TIMM,
    check_names,
    fill_encoder,
    find_library_weights,
)

RESERVED: Final = (
    "encoder_name",
    "encoder_weights",
    "in_channels",
    "classes",
    "activation",
    "aux_params",
    "pretrained_cfg_overlay",
)
"""Arguments of smp's classes that `settings` may not set."""
HALVED: Final = {"PAN": 8, "DPT": 2}
"""Architecture -> by how much it reduces the encoder's coarsest map."""
PROBE: Final = 128
"""Height and width of the image that a new network is tried on: enough for every architecture."""


def build_library(
    architecture: str,
    encoder: str,
    in_channels: int,
    weights: str,
    settings: Mapping[str, object],
) -> nn.Module:
    """Return a network of smp with one class, on the default device.

    Args:
        architecture: name of a class of smp.
        encoder: name of an encoder of smp, or `TIMM` and the name of a network of timm.
        in_channels: channels of the image.
        weights: see `nerveseg.models.blocks.smp_weights.find_library_weights`.
        settings: further arguments of the class.

    Raises:
        InputError: a name or setting does not exist, the parts do not fit each other, or the
            weights cannot be obtained or do not fit.
    """
    known = {each.__name__: each for each in smp.MODEL_ARCHITECTURES_MAPPING.values()}
    if architecture not in known:
        raise InputError(_unknown("architecture", architecture, list(known)))
    _check_encoder(encoder)
    _check_settings(known[architecture], encoder, settings)
    path = find_library_weights(encoder, weights)
    state = {} if path is None else read_state(path)
    given: dict[str, object] = {"encoder_weights": None, **settings}
    if state and encoder.startswith(TIMM):
        given |= {"encoder_weights": True, "pretrained_cfg_overlay": {"state_dict": dict(state)}}
    # Some of timm's networks cannot be built on the meta device.
    with torch.device("cpu"), _one_line(f"{architecture} cannot be built on {encoder}"):
        network: nn.Module = known[architecture](
            encoder_name=encoder, in_channels=in_channels, classes=1, **given
        )
    if path is not None and encoder.startswith(TIMM):
        check_names(network.get_submodule("encoder"), encoder, path, state)
    elif path is not None:
        fill_encoder(network.get_submodule("encoder"), encoder, in_channels, path, state)
    return network.to(torch.get_default_device())


def multiple_of(architecture: str, network: nn.Module) -> int:
    """Return the pixels of which the height and width of the network's images must be multiples."""
    stride: int = network.get_submodule("encoder").output_stride  # type: ignore[assignment]
    return stride * HALVED.get(architecture, 1)


def freeze_unused(network: nn.Module, in_channels: int, what: str) -> None:
    """Try the network on one image, and take out of training the parameters that it does not use.

    Encoders keep layers for classification, which have no gradient: several processes would wait
    for it forever.

    Args:
        network: maps N x C x H x W to one tensor of logits; it is left in training mode.
        in_channels: C.
        what: the network in words, for the message.

    Raises:
        InputError: the network cannot compute an image of `PROBE` x `PROBE` pixels.
    """
    parameters = list(network.parameters())
    # In eval mode, neither running statistics nor the random numbers of dropout change.
    network.eval()
    with torch.enable_grad(), _one_line(f"{what} cannot compute an image of {PROBE} x {PROBE}"):
        logits = network(torch.zeros(1, in_channels, PROBE, PROBE))
        gradients = torch.autograd.grad(logits.sum(), parameters, allow_unused=True)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.requires_grad_(gradient is not None)
    network.train()


def _check_encoder(encoder: str) -> None:
    own = smp.encoders.get_encoder_names()
    timms = [f"{TIMM}{each}" for each in timm.list_models()]
    if encoder.startswith(TIMM):
        # NAME.TAG chooses one of several pretrained weights.
        name, _, tag = encoder.partition(".")
        tagged = [f"{TIMM}{each}" for each in timm.list_models(pretrained=True)] if tag else []
        if name not in timms or (tag and encoder not in tagged):
            raise InputError(_unknown("encoder", encoder, [*timms, *tagged]))
    elif encoder not in own:
        raise InputError(_unknown("encoder", encoder, [*own, *timms]))


def _check_settings(kind: type[nn.Module], encoder: str, settings: Mapping[str, object]) -> None:
    known = inspect.signature(kind.__init__).parameters
    for name in settings:
        if name in RESERVED:
            raise InputError(f"settings: {name} cannot be set here; remove it")
        # smp ignores what it does not know, except that it hands it on to timm.
        if name not in known and not encoder.startswith(TIMM):
            others = [each for each in known if each not in (*RESERVED, "self", "kwargs")]
            found = get_close_matches(name, others, cutoff=0.3) or others
            raise InputError(
                f"settings: {kind.__name__} has no argument '{name}'; did you mean "
                f"{' or '.join(found)}?"
            )


def _unknown(option: str, value: str, known: Sequence[str]) -> str:
    found = get_close_matches(value, known, cutoff=0.5) or sorted(known)[:20]
    return f"there is no {option} '{value[:80]}'; did you mean {' or '.join(found)}?"


@contextmanager
def _one_line(what: str) -> Iterator[None]:
    """Report whatever the library raises inside in one line, and none of its warnings."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InputError:
        raise
    except Exception as error:
        # The classes of smp and timm raise many types of errors.
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{what}: {reason or type(error).__name__}; choose others, or change settings"
        ) from error
