"""Training, compared with a straightforward loop: `python -m benchmarks.training`.

On a machine with a GPU, `python -m benchmarks.gpu FOLDER` measures all networks at the paper's
size.
"""

import time
from typing import Final

import segmentation_models_pytorch as smp
import torch
from benchmarks.epoch import epoch_speed
from benchmarks.side_by_side import Result, compare, print_table, within
from benchmarks.steps import batch_of, engine_of, our_step, plain_step
from torch import nn

from nerveseg.device import working_dtype

CPU: Final = torch.device("cpu")
BATCH: Final = 8
SIZE: Final = 256


def measure() -> dict[str, Result]:
    """Return every comparison; the bars are the project's own goals."""
    return _step() | _outside()


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


def _outside() -> dict[str, Result]:
    """Compare the share of default training that is spent outside the steps with 5%."""
    results = {}
    # The network with the shortest steps, and the paper's network.
    for name in ("baseline", "rpa_apf"):
        share = epoch_speed(name, {"width": 16}, CPU, size=96, frames=216).share_outside
        results[f"epoch outside the steps, default size, {name}"] = within(100 * share, 5.0, "%")
    return results


def _unet() -> nn.Module:
    torch.manual_seed(0)
    network: nn.Module = smp.Unet("resnet34", encoder_weights=None, in_channels=1, classes=1)
    return network


if __name__ == "__main__":
    begun = time.perf_counter()
    print_table(measure())
    print(f"{time.perf_counter() - begun:.0f} s")
