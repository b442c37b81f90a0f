"""Prediction maps, compared with a plain float32 forward pass: `python -m benchmarks.inference`."""

from typing import Final

import cv2
import numpy as np
import torch
from benchmarks.side_by_side import Result, compare, print_table
from numpy.typing import NDArray
from torch import nn

from nerveseg.data.input_normalisation import to_input
from nerveseg.device import working_dtype
from nerveseg.inference.predict import Predictor, maps_of
from nerveseg.inference.tta import SETS
from nerveseg.models.factory import build
from nerveseg.rle import IMAGE_SHAPE

CPU: Final = torch.device("cpu")
SIZE: Final = 512
BATCH: Final = 4


def measure() -> dict[str, Result]:
    """Return the comparison, at the paper's size and width, on this machine's processor."""
    frames = np.random.default_rng(0).integers(0, 256, (BATCH, SIZE, SIZE), dtype=np.uint8)
    dtype = working_dtype("auto", CPU)
    views = SETS["none"]
    ours = Predictor(_network(), 1, views, device=CPU, dtype=dtype)
    peer = _network().eval()
    # The bar is higher if the processor has matrix units.
    bar = 4.5 if torch.cpu._is_amx_tile_supported() else 1.5
    name = f"prediction maps, RPA/APF, {SIZE}, {str(dtype).removeprefix('torch.')}"
    return {
        name: compare(
            lambda _: list(maps_of(ours, frames, BATCH)),
            lambda _: _plain_maps(peer, frames),
            [0],
            unit="frames/s",
            bar=bar,
            per_item=BATCH,
            rounds=4,
        )
    }


def _network() -> nn.Module:
    torch.manual_seed(0)
    return build("rpa_apf", 1)


def _plain_maps(network: nn.Module, frames: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    with torch.no_grad():
        probability = network(to_input(torch.from_numpy(frames), 1)).sigmoid()
    return [cv2.resize(each, IMAGE_SHAPE[::-1]) for each in probability.squeeze(1).numpy()]


if __name__ == "__main__":
    print_table(measure())
