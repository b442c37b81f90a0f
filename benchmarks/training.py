"""Training, compared with a straightforward loop: `python -m benchmarks.training`.

In float32 it is compared with that loop compiled, too, on one thread and on two.
On a machine with a GPU, `python -m benchmarks.gpu FOLDER` measures all networks at the paper's
size.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import segmentation_models_pytorch as smp
import torch
from benchmarks.cpu_peers import THREADS, Peers, rows_of
from benchmarks.epoch import epoch_speed
from benchmarks.side_by_side import Result, compare, print_table, within
from benchmarks.steps import batch_of, engine_of, our_step, plain_step
from torch import nn

from nerveseg.device import working_dtype
from nerveseg.models.factory import build

CPU: Final = torch.device("cpu")
BATCH: Final = 8
SIZE: Final = 256
DEFAULT_SIZE: Final = (64, 96)
DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {"rpa_apf": {"width": 16}, "unet": {"width": 8}}
"""Networks of the default run, which has `DEFAULT_SIZE`, with their options."""


def measure() -> dict[str, Result]:
    """Return every comparison; the bars are the project's own goals."""
    return _step() | _float32() | _outside()


def _step() -> dict[str, Result]:
    batch = batch_of(BATCH, SIZE)
    dtype = working_dtype("auto", CPU)
    ours = our_step(engine_of(_unet(), CPU, dtype, BATCH, compiled=False), batch)
    peer = plain_step(_unet(), batch, CPU)
    # The bar is higher if the processor has matrix units.
    bar = 2.8 if torch.cpu._is_amx_tile_supported() else 1.15
    name = f"training step, smp.Unet(resnet34), {SIZE}, {str(dtype).removeprefix('torch.')}"
    return {
        name: compare(
            lambda _: ours(),
            lambda _: peer(),
            [0],
            unit="frames/s",
            bar=bar,
            per_item=BATCH,
            rounds=5,
        )
    }


def _float32() -> dict[str, Result]:
    """Compare our step in float32, at the size of the goals and at the default run's."""
    wide = step_peers(f"smp.Unet(resnet34), {SIZE}", _unet, SIZE, bar=1.15)
    results = rows_of(wide, 1, 5, THREADS)
    for name, options in DEFAULTS.items():
        network = partial(_own, name, options)
        peers = step_peers(f"{name}, default size", network, DEFAULT_SIZE, bar=1.0)
        results |= rows_of(peers, 3, 7, THREADS)
    return results


def step_peers(
    name: str, network: Callable[[], nn.Module], size: int | tuple[int, int], *, bar: float
) -> Peers:
    """Return a training step of both sides in float32.

    Args:
        name: what is trained, for the rows.
        network: makes the network.
        size: of the frames.
        bar: the lowest acceptable ratio to the plain loop.
    """
    batch = batch_of(BATCH, size)

    def ours() -> Callable[[], None]:
        return our_step(engine_of(network(), CPU, torch.float32, BATCH, compiled=False), batch)

    def plain(module: nn.Module) -> Callable[[], None]:
        return plain_step(module, batch, CPU)

    return Peers(f"training step, {name}", ours, plain, network, BATCH, "frames/s", bar)


def _outside() -> dict[str, Result]:
    """Compare the share of default training that is spent outside the steps with 5%."""
    results = {}
    # The network with the shortest steps, and the paper's network.
    for name in ("baseline", "rpa_apf"):
        share = epoch_speed(name, {"width": 16}, CPU, size=96, frames=216).share_outside
        results[f"epoch outside the steps, 96 x 96, {name}"] = within(100 * share, 5.0, "%")
    return results


def _unet() -> nn.Module:
    torch.manual_seed(0)
    network: nn.Module = smp.Unet("resnet34", encoder_weights=None, in_channels=1, classes=1)
    return network


def _own(name: str, options: Mapping[str, Any]) -> nn.Module:
    torch.manual_seed(0)
    return build(name, 1, **options)


if __name__ == "__main__":
    begun = time.perf_counter()
    print_table(measure())
    print(f"{time.perf_counter() - begun:.0f} s")
