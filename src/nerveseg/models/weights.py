"""Trained weights as safetensors, together with all that is needed to rebuild their network."""

import json
from pathlib import Path
from typing import Final, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from nerveseg.atomic import whole_file
from nerveseg.errors import InputError
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
    in_channels: int
    image_size: tuple[int, int]
    training: dict[str, object]


def save_weights(path: Path, module: nn.Module, description: Description) -> None:
    """Write the weights and buffers of `module` to `path`, atomically."""
    tensors = {name: value.contiguous().cpu() for name, value in module.state_dict().items()}
    # A single entry: safetensors writes several in random order, and the same training must write
    # the same bytes.
    text = {METADATA: json.dumps(description._asdict(), sort_keys=True)}
    with whole_file(path) as temporary:
        save_file(tensors, temporary, metadata=text)


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
        fields = json.loads(text)
        description = Description(**{**fields, "image_size": tuple(fields["image_size"])})
    except FileNotFoundError:
        raise InputError(f"{path}: not found; train the network first") from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: not weights that the stage train wrote ({error}); train the network again"
        ) from error
    module = build_empty(description.network, description.in_channels, description.options)
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(
            f"{path}: does not fit this version's '{description.network}'; train it again"
        ) from error
    return module.eval(), description
