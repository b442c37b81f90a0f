"""Bytes that one bfloat16 update moves, for each network: `python -m benchmarks.traffic`.

Training on a GPU is bound by memory traffic, which can be counted without one. The count is that of
`benchmarks.roofline`: every operation reads each input and writes each output once, and views are
free. It runs on a CPU, whose autocast leaves upsampling and softmax alone; `CudaCasts` adds the
casts of a GPU's.
"""

import argparse
from collections.abc import Callable
from typing import Any, Final

import torch
import torch.nn.functional as F
from benchmarks.roofline import Ceilings, Tally
from benchmarks.steps import RATE, batch_of, engine_of
from torch import Tensor
from torch.overrides import TorchFunctionMode

from nerveseg.models.factory import build
from nerveseg.models.registry import OWN

CPU: Final = torch.device("cpu")
MIB: Final = 2**20


class CudaCasts(TorchFunctionMode):
    """Casts as autocast does on CUDA: F.interpolate reads float32, softmax returns float32."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Call `func`, with its map cast first or its result asked for in float32."""
        kwargs = dict(kwargs or {})
        if torch.is_autocast_enabled("cpu"):
            if func is F.interpolate:
                args = (args[0].float(), *args[1:])
            elif func in {Tensor.softmax, torch.softmax, F.softmax}:
                kwargs["dtype"] = torch.float32
        return func(*args, **kwargs)


class Traffic(Tally):  # type: ignore[no-untyped-call]
    """Counts bytes, and apart from them those of operations with a float32 map or a cast.

    Args:
        least: values from which a float32 tensor counts as a map.
    """

    def __init__(self, least: int) -> None:
        super().__init__(Ceilings(1.0, 1.0))
        self._least = least
        self.wide_bytes = 0.0
        self.cast_bytes = 0.0

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Run one operation and count it."""
        before = self.bytes
        out = super().__torch_dispatch__(func, types, args, kwargs)
        moved = self.bytes - before
        if isinstance(out, Tensor) and out.dtype == torch.float32 and out.numel() >= self._least:
            self.wide_bytes += moved
        if "_to_copy" in func.name():
            self.cast_bytes += moved
        return out


def traffic_of(network: str, width: int, size: int, frames: int) -> Traffic:
    """Return the traffic of one update, after a first one that makes the optimiser's moments."""
    torch.manual_seed(0)
    module = build(network, 1, width=width)
    engine = engine_of(module, CPU, torch.bfloat16, frames, compiled=False)
    batch = batch_of(frames, size)
    engine.train_step([batch], RATE)
    with CudaCasts(), Traffic(frames * size * size) as traffic:
        engine.train_step([batch], RATE)
    return traffic


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="*", default=list(OWN))
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--frames", type=int, default=4)
    options = parser.parse_args()
    print("| network | MiB per frame | of them casts | operations that write float32 |")
    print("|---|--:|--:|--:|")
    for name in options.networks:
        traffic = traffic_of(name, options.width, options.size, options.frames)
        counted = (traffic.bytes, traffic.cast_bytes, traffic.wide_bytes)
        cells = " | ".join(f"{each / options.frames / MIB:.1f}" for each in counted)
        print(f"| {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
