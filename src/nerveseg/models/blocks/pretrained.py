"""Pretrained weights of the encoder: found before long computations, loaded safely and strictly."""

from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from nerveseg.errors import InputError

PRETRAINED_WIDTH: Final = 64
PRETRAINED_CHANNELS: Final = 3
MOST_BYTES: Final = 1 << 30
"""Limit on the size of a file of weights; those of a ResNet-34 have 87 MB."""
STEM: Final = "conv1.weight"
LAST: Final = "layer4.2.bn2.weight"
CLASSIFIER: Final = ("fc.weight", "fc.bias")


def find_encoder(source: str, width: int) -> Path | None:
    """Return the file that `source` stands for, downloading it if necessary; None for `none`.

    Args:
        source: `imagenet`, `none`, or a path.
        width: base width of the encoder.

    Raises:
        InputError: the file cannot be obtained, or there are no weights of that width.
    """
    if source == "none":
        return None
    if width != PRETRAINED_WIDTH:
        raise InputError(
            f"encoder_weights: '{source}' fits width {PRETRAINED_WIDTH}, not {width};"
            " set encoder_weights to none or width to 64"
        )
    if source == "imagenet":
        return _imagenet()
    path = Path(source)
    if not path.is_file():
        raise InputError(f"encoder_weights: {path} is not a file; give imagenet, none or a file")
    return path


def check_encoder(source: str, width: int) -> None:
    """Check that `load_encoder` will find weights, and that they are those of a ResNet-34.

    Raises:
        InputError: as for `load_encoder`.
    """
    if (path := find_encoder(source, width)) is None:
        return
    found = read_state(path)
    shape = tuple(found[STEM].shape) if STEM in found else None
    if shape != (PRETRAINED_WIDTH, PRETRAINED_CHANNELS, 7, 7) or LAST not in found:
        raise InputError(f"{path}: not the weights of a ResNet-34 with torchvision's layer names")


def load_encoder(encoder: nn.Module, source: str) -> None:
    """Fill a ResNet-34 encoder with the weights of `source`.

    A stem of one input channel takes the sum of the pretrained stem over its three channels: on
    a grey image, whose three channels are equal, the two compute the same.

    Raises:
        InputError: the weights cannot be obtained, or are not those of a ResNet-34.
    """
    stem = encoder.get_parameter(STEM)
    path = find_encoder(source, width=stem.shape[0])
    if path is None:
        return
    state = read_state(path)
    for name in CLASSIFIER:
        state.pop(name, None)
    state = _fit_stem(state, stem.shape[1])
    try:
        encoder.load_state_dict(state, strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{path}: not the weights of a ResNet-34 with torchvision's layer names ({reason})"
        ) from error


def _fit_stem(state: dict[str, Tensor], in_channels: int) -> dict[str, Tensor]:
    weight = state.get(STEM)
    if in_channels == PRETRAINED_CHANNELS or weight is None:
        return state
    if in_channels != 1:
        raise InputError(
            f"encoder_weights: pretrained weights fit images of 1 or 3 channels, not {in_channels};"
            " set encoder_weights to none"
        )
    return state | {STEM: weight.sum(dim=1, keepdim=True)}


def read_state(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file that `torch.save` or safetensors wrote, by their names.

    Raises:
        InputError: the file is too large, cannot be read safely, or is not a dict of tensors.
    """
    if (found := path.stat().st_size) > MOST_BYTES:
        raise InputError(
            f"{path}: {found:,} bytes, more than the {MOST_BYTES:,} that an encoder's weights may "
            "have; give a file of an encoder's weights alone"
        )
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # The unpickler raises many types of errors.
        raise InputError(
            f"{path}: cannot be read as weights; give a file that torch.save or safetensors wrote,"
            " of tensors only"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(each, Tensor) for each in state.values()):
        raise InputError(f"{path}: is not a dict of tensors; save a network's state_dict()")
    return dict(state)


def _imagenet() -> Path:
    from torchvision.models import ResNet34_Weights  # takes 1 s to import, rarely needed

    url: str = ResNet34_Weights.IMAGENET1K_V1.url
    # The name ends in the first digits of the hash: a truncated file is noticed and removed.
    return downloaded(url, url.rpartition("/")[2], url.rpartition("-")[2].partition(".")[0])


def downloaded(url: str, name: str, digits: str | None = None) -> Path:
    """Return the file `name` in torch's cache, downloading it from `url` if it is not there.

    Args:
        url: where to download from.
        name: name of the file in the cache.
        digits: first digits of its SHA-256, which are checked after a download.

    Raises:
        InputError: it cannot be downloaded.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(path), hash_prefix=digits, progress=False)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"encoder_weights: cannot download {url} ({error}); place the file at {path} by hand,"
            " or set encoder_weights to none"
        ) from error
    return path
