"""A table of the networks: paper, parameters, multiply-adds, latency, memory of a training step."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import torch

from nerveseg.device import pick_device
from nerveseg.models.complexity import multiply_adds, on_meta, parameter_count, step_memory
from nerveseg.models.factory import build, check_options
from nerveseg.models.latency import measure_latency
from nerveseg.models.registry import NETWORKS

PASSES: Final = 5
HEADINGS: Final = ("network", "paper", "parameters", "GMACs", "latency", "training step")


def overview(
    networks: Sequence[str], size: tuple[int, int], channels: int, batch: int, width: int | None
) -> Iterator[str]:
    """Yield the lines of the table, then those of its legend.

    Args:
        networks: names of networks in `nerveseg.models.registry`.
        size: height and width of the image, both above 0.
        channels: channels of the image, 1 or 3.
        batch: images in a training step, 1 or more.
        width: width of every network; None for the width that each paper uses.

    Raises:
        InputError: there is no such network, or it cannot have this width.
    """
    options: dict[str, object] = {} if width is None else {"width": width}
    for name in networks:
        check_options(name, options)
    rows = [_row(name, options, size, channels, batch) for name in networks]
    yield from _aligned([HEADINGS, *rows])
    yield from _legend(size, channels, batch)


def _row(
    name: str, options: dict[str, object], size: tuple[int, int], channels: int, batch: int
) -> tuple[str, ...]:
    shapes = on_meta(name, channels, options)
    device = pick_device()
    image = torch.randn(1, channels, *size, device=device)
    network = build(name, channels, **options).to(device)
    found = measure_latency(network, image, seconds=0, least=PASSES)
    return (
        name,
        f"{NETWORKS[name].title}, {NETWORKS[name].paper}",
        f"{parameter_count(shapes):,}",
        f"{multiply_adds(shapes, channels, size) / 1e9:.2f}",
        f"{found.latency_ms:.1f} ({found.latency_low_ms:.1f} to {found.latency_high_ms:.1f}) ms",
        f"{step_memory(shapes, channels, size, batch) / 2**30:.2f} GiB",
    )


def _aligned(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, paper, *figures in rows:
        left = [name.ljust(widths[0]), paper.ljust(widths[1])]
        right = [each.rjust(width) for each, width in zip(figures, widths[2:], strict=True)]
        yield "  ".join(left + right)


def _legend(size: tuple[int, int], channels: int, batch: int) -> Iterator[str]:
    height, width = size
    yield ""
    yield (
        f"Images of {height} x {width}, {channels} channel(s)."
        " GMACs: multiply-adds / 1e9 of one image, computed as published."
    )
    yield (
        f"Latency: one image, float32, {pick_device().type}, {torch.get_num_threads()} thread(s);"
        f" median (quartiles) of {PASSES} passes."
    )
    yield (
        f"Training step: tensors at the peak, float32, batch {batch}, Adam;"
        " without the workspaces of the convolutions."
    )
