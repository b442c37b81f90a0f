"""Latency of a network at inference, measured in turn with a fixed workload.

A time in milliseconds says as much about the machine and its other users as about the network, and
each network is measured by a stage of its own, perhaps hours after the others. So each pass of the
network is timed next to passes of a fixed workload, in the same process: whatever slows the machine
slows both, and their ratio can be compared between runs.
"""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

CHANNELS: Final = 64
SIDE: Final = 64
"""The fixed workload is a 3 x 3 convolution, `CHANNELS` to `CHANNELS`, of `SIDE` x `SIDE` pixels:
0.15e9 multiply-adds, as in the middle of these networks."""


class Latency(NamedTuple):
    """Medians and quartiles over repeated passes.

    Attributes:
        latency_ms: median time of a forward pass, in ms.
        latency_low_ms: lower quartile.
        latency_high_ms: upper quartile.
        latency_relative: median of the ratio to the time of the fixed workload.
        latency_relative_low: lower quartile.
        latency_relative_high: upper quartile.
        latency_repeats: number of timed passes.
    """

    latency_ms: float
    latency_low_ms: float
    latency_high_ms: float
    latency_relative: float
    latency_relative_low: float
    latency_relative_high: float
    latency_repeats: int


def measure_latency(
    network: nn.Module, image: Tensor, *, seconds: float = 1.0, least: int = 5, most: int = 200
) -> Latency:
    """Time the network and the fixed workload in turn, after one warm-up pass of each.

    Args:
        network: network on the device of `image`; it is put in eval mode.
        image: N x C x H x W, float.
        seconds: time to measure for, unless `least` passes take longer.
        least: least number of timed passes.
        most: largest number of timed passes.
    """
    network.eval()
    fixed = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1).to(image.device)
    pixels = torch.randn(1, CHANNELS, SIDE, SIDE, device=image.device)
    times: list[tuple[float, float]] = []
    with torch.inference_mode():
        _seconds(fixed, pixels), _seconds(network, image)
        start = time.perf_counter()
        while len(times) < least or (len(times) < most and time.perf_counter() - start < seconds):
            # Before and after the network, so that a change of the machine's speed cancels out.
            before, own, after = (
                _seconds(fixed, pixels), _seconds(network, image), _seconds(fixed, pixels),
            )  # fmt: skip
            times.append((own, 2 * own / (before + after)))
    low, middle, high = np.quantile(times, (0.25, 0.5, 0.75), axis=0).tolist()
    own_ms = (1e3 * middle[0], 1e3 * low[0], 1e3 * high[0])
    return Latency(*own_ms, middle[1], low[1], high[1], len(times))


def _seconds(compute: Callable[[Tensor], Tensor], image: Tensor) -> float:
    start = time.perf_counter()
    compute(image)
    if image.is_cuda:
        torch.cuda.synchronize(image.device)
    return time.perf_counter() - start
