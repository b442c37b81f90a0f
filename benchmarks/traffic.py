"""Bytes that one bfloat16 update moves, for each network: `python -m benchmarks.traffic`.

With `--prediction`, those of a forward pass, as it is and with folded normalisation. Work on a GPU
is bound by memory traffic, which can be counted without one. The count is that of
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
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from nerveseg.data.input_normalisation import to_input
from nerveseg.inference.folding import folded
from nerveseg.inference.predict import mean_logits
from nerveseg.inference.tta import SETS
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
        bias_apart: count as on a GPU, where torch adds the bias of a convolution in an operation of
            its own, which reads and writes the whole map.
    """

    def __init__(self, least: int, *, bias_apart: bool = False) -> None:
        super().__init__(Ceilings(1.0, 1.0))
        self._least, self._bias_apart = least, bias_apart
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
        convolution = func is torch.ops.aten.convolution.default
        if self._bias_apart and convolution and args[2] is not None:
            self.bytes += 2.0 * out.numel() * out.element_size()
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


def prediction_traffic(
    network: str, width: int, size: int, frames: int, *, folding: bool, bias_apart: bool
) -> Traffic:
    """Return the traffic of predicting some frames, one view each; `Traffic` has `bias_apart`."""
    torch.manual_seed(0)
    module: nn.Module = build(network, 1, width=width).eval()
    module = folded(module, torch.zeros(1, 1, size, size)) if folding else module
    module = module.to(memory_format=torch.channels_last)
    images = to_input(batch_of(frames, size).images, 1)
    images = images.contiguous(memory_format=torch.channels_last)
    with (
        torch.no_grad(),
        torch.autocast("cpu", torch.bfloat16),
        CudaCasts(),
        Traffic(frames * size * size, bias_apart=bias_apart) as traffic,
    ):
        mean_logits(module, images, SETS["none"])
    return traffic


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prediction", action="store_true", help="count forward passes instead")
    parser.add_argument("--networks", nargs="*", default=list(OWN))
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--frames", type=int, default=4)
    options = parser.parse_args()
    (_print_predictions if options.prediction else _print_updates)(options)


def _print_updates(options: argparse.Namespace) -> None:
    print("| network | MiB per frame | of them casts | operations that write float32 |")
    print("|---|--:|--:|--:|")
    for name in options.networks:
        traffic = traffic_of(name, options.width, options.size, options.frames)
        counted = (traffic.bytes, traffic.cast_bytes, traffic.wide_bytes)
        cells = " | ".join(f"{each / options.frames / MIB:.1f}" for each in counted)
        print(f"| {name} | {cells} |", flush=True)


def _print_predictions(options: argparse.Namespace) -> None:
    print("| network | MiB per frame | folded | folded, with the bias in the convolution |")
    print("|---|--:|--:|--:|")
    for name in options.networks:
        moved = [
            prediction_traffic(
                name,
                options.width,
                options.size,
                options.frames,
                folding=folding,
                bias_apart=apart,
            ).bytes
            for folding, apart in ((False, True), (True, True), (True, False))
        ]
        cells = " | ".join(f"{each / options.frames / MIB:.1f}" for each in moved)
        print(f"| {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
