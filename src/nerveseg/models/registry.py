"""The networks by name. Importing this imports neither torch nor any network."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, get_type_hints

from pydantic import TypeAdapter, ValidationError

from nerveseg.errors import InputError

if TYPE_CHECKING:
    from nerveseg.models.blocks.segmenter import Segmenter

AAAI = "Wu et al., AAAI 2021"


class Entry(NamedTuple):
    """Where a network comes from.

    Attributes:
        module: the name of its file in this folder.
        kind: the name of its class there.
        title: what the paper calls it.
        paper: the citation.
    """

    module: str
    kind: str
    title: str
    paper: str


NETWORKS: Final[Mapping[str, Entry]] = {
    "baseline": Entry("baseline", "Baseline", "Baseline", AAAI),
    "baseline_rpa": Entry("baseline_rpa", "BaselineRPA", "Baseline + RPA", AAAI),
    "baseline_apf": Entry("baseline_apf", "BaselineAPF", "Baseline + APF", AAAI),
    "rpa_apf": Entry("rpa_apf", "RpaApf", "RPA/APF (ours)", AAAI),
    "unet": Entry("unet", "UNet", "U-Net", "Ronneberger et al., MICCAI 2015"),
    "attention_unet": Entry(
        "attention_unet", "AttentionUNet", "Attention U-Net", "Oktay et al., MIDL 2018"
    ),
    "unetpp": Entry("unetpp", "UNetPlusPlus", "U-Net++", "Zhou et al., DLMIA 2018"),
    "danet": Entry("danet", "DANet", "DA-Net", "Fu et al., CVPR 2019"),
    "cenet": Entry("cenet", "CENet", "CE-Net", "Gu et al., TMI 2019"),
    "cpfnet": Entry("cpfnet", "CPFNet", "CPF-Net", "Feng et al., TMI 2020"),
}


def build(name: str, in_channels: int = 1, **options: object) -> Segmenter:
    """Return a new network, initialised from torch's global generator.

    Args:
        name: one of `NETWORKS`.
        in_channels: of the image, 1 or 3.
        options: of that network's class.

    Raises:
        InputError: there is no such network or option, or its value cannot be.
    """
    _check_signature(name, options)
    return _network(name)(in_channels, **options)


def build_empty(name: str, in_channels: int, options: Mapping[str, object]) -> Segmenter:
    """Return a network for weights that will be loaded: nothing is fetched for its encoder."""
    rest = {key: value for key, value in options.items() if key != "encoder_weights"}
    return build(name, in_channels, **rest)


def check_options(name: str, options: Mapping[str, object]) -> None:
    """Find what would stop `build`, pretrained weights included, before any long work.

    Raises:
        InputError: there is no such network or option, its value cannot be, or the weights that
            `encoder_weights` names cannot be had.
    """
    import torch

    from nerveseg.models.blocks.pretrained import find_encoder

    _check_signature(name, options)
    with torch.device("meta"):  # the class's own checks, without its memory
        build_empty(name, 1, options)
    if "encoder_weights" in options:
        width = options.get("width", options_of(name)["width"].default)
        find_encoder(str(options["encoder_weights"]), int(str(width)))


def options_of(name: str) -> dict[str, inspect.Parameter]:
    """Return the options of a network, with their defaults.

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
            raise InputError(f"models.{name}.{key}: no option of this network; it has {listed}")
        try:
            TypeAdapter(hints[key]).validate_python(value, strict=True)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise InputError(f"models.{name}.{key}: '{value}' cannot be: {reason}") from error


def _network(name: str) -> type[Segmenter]:
    try:
        entry = NETWORKS[name]
    except KeyError:
        listed = ", ".join(NETWORKS)
        raise InputError(f"models.{name}: no such network; there are {listed}") from None
    module = importlib.import_module(f"nerveseg.models.{entry.module}")
    network: type[Segmenter] = getattr(module, entry.kind)
    return network
