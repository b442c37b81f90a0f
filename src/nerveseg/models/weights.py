"""Trained weights as safetensors, with all that is needed to build the network around them."""

import json
from pathlib import Path
from typing import Final, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from nerveseg.atomic import whole_file
from nerveseg.errors import InputError
from nerveseg.models.build import build_empty

METADATA: Final = "nerveseg"


class Description(NamedTuple):
    """What weights belong to.

    Attributes:
        network: the name of its file.
        options: what it is built with.
        in_channels: of its input.
        image_size: (height, width) of the frames that it was trained on.
        training: the settings of the training, for the record.
    """

    network: str
    options: dict[str, object]
    in_channels: int
    image_size: tuple[int, int]
    training: dict[str, object]


def save_weights(path: Path, module: nn.Module, description: Description) -> None:
    """Write the weights and buffers of `module` to `path`, whole or not at all."""
    tensors = {name: value.contiguous().cpu() for name, value in module.state_dict().items()}
    # One entry: safetensors writes several in an order of chance, and the same training is to
    # write the same bytes.
    text = {METADATA: json.dumps(description._asdict(), sort_keys=True)}
    with whole_file(path) as temporary:
        save_file(tensors, temporary, metadata=text)


def load_weights(path: Path) -> tuple[nn.Module, Description]:
    """Return the network of `path`, on the CPU and in eval mode, and its description.

    Raises:
        InputError: the file is missing, damaged, or does not fit this version's network.
    """
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {})[METADATA]
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        fields = json.loads(text)
        described = Description(**{**fields, "image_size": tuple(fields["image_size"])})
    except FileNotFoundError:
        raise InputError(f"{path}: no weights there; train the network first") from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: not weights of ours ({error}); train the network again"
        ) from error
    module = build_empty(described.network, described.in_channels, described.options)
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(
            f"{path}: does not fit this version's '{described.network}'; train it again"
        ) from error
    return module.eval(), described
