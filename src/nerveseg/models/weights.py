"""Trained weights as safetensors, together with all that is needed to rebuild their network."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from pydantic import Field, TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from nerveseg.atomic import whole_file
from nerveseg.errors import InputError, within
from nerveseg.json_reader import parse_json
from nerveseg.models.factory import build_empty

METADATA: Final = "nerveseg"


class Description(NamedTuple):
    """The network that weights belong to.

    Attributes:
        network: its key in `nerveseg.models.registry.NETWORKS`.
        options: the options it is built with.
        in_channels: channels of its input.
        image_size: (height, width) of the frames it was trained on.
        training: settings of the training, for the record.
    """

    network: str
    options: dict[str, object]
    in_channels: Annotated[int, Field(ge=1, le=3)]
    image_size: tuple[int, int]
    training: dict[str, object]


_DESCRIPTION: Final = TypeAdapter(Description)


def save_weights(path: Path, module: nn.Module, description: Description) -> None:
    """Write the weights and buffers of `module` to `path`, atomically."""
    tensors = {name: value.contiguous().cpu() for name, value in module.state_dict().items()}
    # A single entry: safetensors writes several in random order, and the same training must write
    # the same bytes.
    text = {METADATA: json.dumps(description._asdict(), sort_keys=True)}
    try:
        with whole_file(path) as temporary:
            save_file(tensors, temporary, metadata=text)
    except SafetensorError as error:
        raise InputError(
            f"{path}: could not be written ({error}); free some disk space and run again"
        ) from error


def load_weights(path: Path) -> tuple[nn.Module, Description]:
    """Return the network stored at `path`, on the CPU and in eval mode, and its description.

    Raises:
        InputError: the file is missing, damaged, or does not fit the network of this version.

    Example:
        >>> from pathlib import Path
        >>> from nerveseg.models import load_weights
        >>> network, description = load_weights(Path("data/models/unet/weights.safetensors"))
        >>> description.network, description.image_size
        ('unet', (96, 96))
    """
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {})[METADATA]
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        description = _DESCRIPTION.validate_python(parse_json(text))
    except FileNotFoundError:
        raise InputError(f"{path}: not found; train the network first") from None
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise InputError(
            f"{path}: not weights that the stage train wrote ({_brief(error)}); train the "
            "network again"
        ) from error
    with within(str(path)):
        module = build_empty(description.network, description.in_channels, description.options)
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(
            f"{path}: does not fit this version's '{description.network}'; train it again"
        ) from error
    return module.eval(), description


def check_network(
    path: Path, description: Description, network: str, options: Mapping[str, object]
) -> None:
    """Check that weights belong to the network that a run names.

    Args:
        path: the file of the weights, for the message.
        description: what `load_weights` returned.
        network: key of `nerveseg.models.registry.NETWORKS`.
        options: options of the run. `encoder_weights` does not count.

    Raises:
        InputError: the weights belong to another network, or to other options.
    """
    wanted, found = (
        (name, {key: value for key, value in given.items() if key != "encoder_weights"})
        for name, given in ((network, options), (description.network, description.options))
    )
    if wanted != found:
        raise InputError(
            f"{path}: the weights of {found[0]} {found[1]}, not of {wanted[0]} {wanted[1]}; "
            "restore them or train the run again"
        )


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
