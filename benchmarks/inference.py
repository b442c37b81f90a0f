"""Prediction maps, compared with a plain float32 forward pass: `python -m benchmarks.inference`."""

from collections.abc import Callable
from functools import partial
from typing import Final

import cv2
import numpy as np
import torch
from benchmarks.cpu_peers import THREADS, Peers, rows_of
from benchmarks.side_by_side import Result, compare, print_table
from benchmarks.training import DEFAULT_SIZE, DEFAULTS
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
DEFAULT_BATCH: Final = 16


def measure() -> dict[str, Result]:
    """Return every comparison on this machine's processor; `SIZE` and full width are the paper's.

    The goals are for that size; at the default run's, the bar is that we are not slower.
    """
    return _automatic() | _float32()


def _automatic() -> dict[str, Result]:
    """Compare maps in the precision `auto`."""
    dtype = working_dtype("auto", CPU)
    frames = _frames(BATCH, (SIZE, SIZE))
    ours = Predictor(_network("rpa_apf"), 1, SETS["none"], device=CPU, dtype=dtype)
    peer = _network("rpa_apf").eval()
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


def _float32() -> dict[str, Result]:
    """Compare maps in float32, also with a compiled network, on one thread and on two."""
    wide = _frames(BATCH, (SIZE, SIZE))
    network = partial(_network, "rpa_apf")
    results = rows_of(map_peers(f"rpa_apf, {SIZE}", network, wide, bar=1.5), 1, 4, THREADS)
    small = _frames(DEFAULT_BATCH, DEFAULT_SIZE)
    for name, options in DEFAULTS.items():
        network = partial(_network, name, **options)
        peers = map_peers(f"{name}, default size", network, small, bar=1.0)
        results |= rows_of(peers, 2, 7, THREADS)
    return results


def map_peers(
    name: str, network: Callable[[], nn.Module], frames: NDArray[np.uint8], *, bar: float
) -> Peers:
    """Return the maps of both sides in float32, without views.

    Args:
        name: what predicts, for the rows.
        network: makes the network.
        frames: N x H x W, one batch.
        bar: the lowest acceptable ratio to the plain loop.
    """

    def ours() -> Callable[[], object]:
        predictor = Predictor(network(), 1, SETS["none"], device=CPU, dtype=torch.float32)
        return lambda: list(maps_of(predictor, frames, len(frames)))

    def plain(module: nn.Module) -> Callable[[], object]:
        module.eval()
        return lambda: _plain_maps(module, frames)

    return Peers(f"prediction maps, {name}", ours, plain, network, len(frames), "frames/s", bar)


def _frames(number: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (number, *shape), dtype=np.uint8)


def _network(name: str, **options: object) -> nn.Module:
    torch.manual_seed(0)
    return build(name, 1, **options)


def _plain_maps(network: nn.Module, frames: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    with torch.no_grad():
        probability = network(to_input(torch.from_numpy(frames), 1)).sigmoid()
    return [cv2.resize(each, IMAGE_SHAPE[::-1]) for each in probability.squeeze(1).numpy()]


if __name__ == "__main__":
    print_table(measure())
