"""Weights are read back with everything that prediction needs, in a network in eval mode."""

from pathlib import Path

import pytest
import torch

from nerveseg.errors import InputError
from nerveseg.models.factory import build
from nerveseg.models.weights import Description, load_weights, save_weights

DESCRIBED = Description("unet", {"width": 4}, 3, (64, 96), {"epochs": 2})


def test_weights_and_description_are_read_back(tmp_path: Path) -> None:
    network = build("unet", 3, width=4)
    save_weights(tmp_path / "w.safetensors", network, DESCRIBED)
    again, described = load_weights(tmp_path / "w.safetensors")
    assert described == DESCRIBED
    assert not again.training
    image = torch.randn(1, 3, 32, 32)
    assert torch.equal(again(image), network.eval()(image))


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    with pytest.raises(InputError, match=r"w\.safetensors: not found; train"):
        load_weights(path)
    path.write_bytes(b"something else")
    with pytest.raises(InputError, match=r"w\.safetensors: not weights that the stage train wrote"):
        load_weights(path)


def test_weights_of_another_network_are_named(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, build("unet", 1, width=4), DESCRIBED)
    with pytest.raises(InputError, match=r"w\.safetensors: does not fit this version's 'unet'"):
        load_weights(path)
