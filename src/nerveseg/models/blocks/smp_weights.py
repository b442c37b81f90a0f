"""Pretrained weights of the encoders of segmentation_models_pytorch (smp) and timm."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

import timm
import torch
from huggingface_hub import hf_hub_url, try_to_load_from_cache
from segmentation_models_pytorch.encoders import encoders, get_encoder
from torch import Tensor, nn

from nerveseg.errors import InputError
from nerveseg.models.blocks.pretrained import downloaded

TIMM: Final = "tu-"
"""Begins the name of an encoder of timm ('timm universal')."""
FILE: Final = "model.safetensors"


def find_library_weights(encoder: str, source: str) -> Path | None:
    """Return the file of pretrained weights, downloading it if necessary; None for `none`.

    Args:
        encoder: name of an encoder of smp, or `TIMM` and the name of a network of timm.
        source: `none`; a name that the library has weights under: for an encoder of timm,
            `imagenet` stands for its default ones; or a path.

    Raises:
        InputError: the file cannot be obtained.
    """
    if source == "none":
        return None
    places = _places(encoder)
    if source in places:
        repository, revision = places[source]
        cached = try_to_load_from_cache(repository, FILE, revision=revision)
        if isinstance(cached, str):
            return Path(cached)
        url = hf_hub_url(repository, FILE, revision=revision)
        return downloaded(url, f"{encoder}.{source}.safetensors")
    path = Path(source)
    if not path.is_file():
        names = ", ".join(["none", *places])
        raise InputError(
            f"encoder_weights: {path} is not a file, nor weights that the library has of {encoder};"
            f" give {names} or a file"
        )
    return path


def _places(encoder: str) -> dict[str, tuple[str, str | None]]:
    """Return the name of all weights of an encoder -> their repository and its revision."""
    if not encoder.startswith(TIMM):
        settings = encoders[encoder]["pretrained_settings"]
        return {name: (each["repo_id"], each["revision"]) for name, each in settings.items()}
    found = timm.get_pretrained_cfg(encoder.removeprefix(TIMM))
    return {"imagenet": (found.hf_hub_id, None)} if found and found.hf_hub_id else {}


def fill_encoder(
    target: nn.Module, encoder: str, in_channels: int, path: Path, state: Mapping[str, Tensor]
) -> None:
    """Fill an encoder of smp with pretrained weights, for images of three channels.

    A stem of one input channel takes the sum over the three channels: on a grey image, whose three
    channels are equal, the two compute the same.

    Args:
        target: the encoder.
        encoder: its name.
        in_channels: channels of its input.
        path: the file of the weights, for the message.
        state: its content.

    Raises:
        InputError: the weights are not those of this encoder.
    """
    depth = len(cast("list[int]", target.out_channels)) - 1
    with torch.device("cpu"):
        fresh = get_encoder(encoder, depth=depth)
    try:
        fresh.load_state_dict(dict(state))
    except RuntimeError as error:
        raise _misfit(path, encoder, " ".join(str(error).split())[:200]) from error
    fresh.set_in_channels(in_channels, pretrained=True)
    target.load_state_dict(fresh.state_dict())


def check_names(target: nn.Module, encoder: str, path: Path, state: Mapping[str, Tensor]) -> None:
    """Raise unless a file of weights has every tensor of an encoder of timm.

    timm loads what it finds and leaves the rest at random.

    Args:
        target: the encoder.
        encoder: its name.
        path: the file of the weights, for the message.
        state: its content.

    Raises:
        InputError: a tensor is missing.
    """
    there = {_joined(name) for name in state}
    wanted = target.get_submodule("model").state_dict()
    missing = [
        name
        for name in wanted
        if not name.endswith("num_batches_tracked") and _joined(name) not in there
    ]
    if missing:
        raise _misfit(path, encoder, f"without {', '.join(missing)}"[:200])


def _joined(name: str) -> str:
    # timm calls a layer stages_0 where it only needs features, and stages.0 otherwise.
    return name.replace("_", ".")


def _misfit(path: Path, encoder: str, reason: str) -> InputError:
    return InputError(f"{path}: not the weights of {encoder} with its layer names ({reason})")
