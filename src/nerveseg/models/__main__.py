"""Print what every network is and costs: `python -m nerveseg.models --size 512 512`."""

import argparse
from collections.abc import Iterable, Sequence
from typing import Final

import torch

from nerveseg.device import pick_device
from nerveseg.errors import InputError, run
from nerveseg.models.build import build, check_options
from nerveseg.models.complexity import latency, multiply_adds, on_meta, parameter_count, step_memory
from nerveseg.models.registry import NETWORKS

HEADINGS: Final = ("network", "paper", "parameters", "GMACs", "latency", "training step")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m nerveseg.models", description=__doc__)
    parser.add_argument("networks", nargs="*", default=list(NETWORKS), help="all, unless named")
    parser.add_argument("--size", nargs=2, type=int, default=(256, 256), metavar=("H", "W"))
    parser.add_argument("--channels", type=int, default=1, choices=(1, 3), help="of the image")
    parser.add_argument("--batch", type=int, default=8, help="images in a training step")
    parser.add_argument("--width", type=int, help="of every network; the papers' if left out")
    return parser.parse_args()


def _row(name: str, options: dict[str, object], given: argparse.Namespace) -> tuple[str, ...]:
    size = tuple(given.size)
    shapes = on_meta(name, given.channels, options)
    device = pick_device()
    image = torch.randn(1, given.channels, *size, device=device)
    seconds = latency(build(name, given.channels, **options).to(device), image)
    return (
        name,
        f"{NETWORKS[name].title}, {NETWORKS[name].paper}",
        f"{parameter_count(shapes):,}",
        f"{multiply_adds(shapes, given.channels, size) / 1e9:.2f}",
        f"{1000 * seconds:.0f} ms",
        f"{step_memory(shapes, given.channels, size, given.batch) / 2**30:.2f} GiB",
    )


def _aligned(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, paper, *figures in rows:
        left = [name.ljust(widths[0]), paper.ljust(widths[1])]
        right = [each.rjust(width) for each, width in zip(figures, widths[2:], strict=True)]
        yield "  ".join(left + right)


def _legend(given: argparse.Namespace) -> str:
    height, width = given.size
    return (
        f"\nImages of {height} x {width}, {given.channels} channel(s)."
        " GMACs: multiply-adds / 1e9 of one image, computed as published."
        f"\nLatency: one image, float32, {pick_device().type}, {torch.get_num_threads()} thread(s)."
        f"\nTraining step: tensors at the peak, float32, batch {given.batch}, Adam;"
        " without the workspaces of the convolutions."
    )


def main() -> None:
    """Print the table."""
    given = _arguments()
    if min(*given.size, given.batch) < 1:
        raise InputError("--size and --batch: give numbers above 0")
    options: dict[str, object] = {} if given.width is None else {"width": given.width}
    for name in given.networks:
        check_options(name, options)
    rows = [HEADINGS, *(_row(name, options, given) for name in given.networks)]
    print(*_aligned(rows), sep="\n")
    print(_legend(given))


if __name__ == "__main__":
    run(main)
