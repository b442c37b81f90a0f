"""The memory that an update needs on a GPU, counted without one: python -m benchmarks.memory.

One bfloat16 update of each network runs at its true size on tensors that have shapes and no values
(`torch._subclasses.FakeTensorMode`), once as it is and once with `train.recompute`. Counted are all
tensors that exist at its peak: weights, their copies in bfloat16, gradients, Adam's two moments,
saved activations and what the operations need meanwhile. Not counted are the workspaces of
convolutions, the slack of the allocator and what CUDA itself keeps on the card. The largest batch
is therefore that which fills `USABLE` of a card. The result goes to `results/memory.json`.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import torch
from benchmarks.steps import RATE, batch_of, engine_of
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from nerveseg.models.complexity import ADAM_MOMENTS, LiveBytes
from nerveseg.models.factory import build_empty
from nerveseg.models.registry import OWN

RESULTS: Final = Path(__file__).parent / "results/memory.json"
GIB: Final = 2**30
CARDS: Final = (24, 80)
"""Memory of cards in GiB."""
USABLE: Final = 0.9
MEASURED: Final = {
    "baseline": 2.0,
    "baseline_rpa": 2.2,
    "baseline_apf": 4.5,
    "rpa_apf": 4.7,
    "unet": 8.6,
    "attention_unet": 9.3,
    "unetpp": 9.8,
    "danet": 4.6,
    "cenet": 2.2,
    "cpfnet": 4.5,
}
"""Peak in GiB at 512 x 512, batch 8, full width and bfloat16, measured on an H200 with an earlier
revision, which stored upsampled maps and softmax in float32."""


def peak_of(name: str, batch: int, size: int, *, recompute: bool, width: int | None = None) -> int:
    """Return the bytes of all tensors at the peak of an update.

    Gradients count in full: those of a recorded update are never freed.

    Args:
        name: the network.
        batch: frames.
        size: their height and width.
        recompute: as `train.recompute`.
        width: of the network; None for its default.
    """
    options = {} if width is None else {"width": width}
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    with mode:
        network = _without_values(build_network(name, options), mode)
        weights = sum(each.nbytes for each in (*network.parameters(), *network.buffers()))
        # The optimiser makes its moments after both passes, where the memory is free again.
        moments = ADAM_MOMENTS * sum(each.nbytes for each in network.parameters())
        with LiveBytes() as live:
            engine = engine_of(
                network,
                torch.device("cpu"),
                torch.bfloat16,
                batch,
                compiled=False,
                recompute=recompute,
            )
            frames = batch_of(batch, size)
            # In the second micro-batch, the gradients are there from the start.
            engine.train_step([frames, frames], RATE)
    return int(weights + moments + live.peak)


def build_network(name: str, options: dict[str, Any]) -> nn.Module:
    """Return a network on the CPU with values of its own, in channels last."""
    with torch._subclasses.fake_tensor.unset_fake_temporarily():
        network: nn.Module = build_empty(name, 1, options).train()
        return network.to(memory_format=torch.channels_last)


def _without_values(network: nn.Module, mode: FakeTensorMode) -> nn.Module:
    for module in network.modules():
        for name, weight in module.named_parameters(recurse=False):
            setattr(module, name, nn.Parameter(mode.from_tensor(weight.detach())))
        for name, buffer in module.named_buffers(recurse=False):
            setattr(module, name, mode.from_tensor(buffer))
    # Parameters without values cannot be exchanged, and these need not move.
    network.to = lambda *_, **__: network  # type: ignore[method-assign]
    return network


def largest_batch(peaks: dict[int, int], card: float) -> int:
    """Return the frames that fill `USABLE` of a card; 0 if not even one fits.

    Args:
        peaks: frames of two batches -> peak in bytes, which grows with the frames in equal steps.
        card: its memory in GiB.
    """
    (few, low), (many, high) = sorted(peaks.items())
    frame = (high - low) / (many - few)
    return max(0, int((USABLE * card * GIB - (low - few * frame)) / frame))


def row_of(name: str, batch: int, size: int, width: int | None) -> dict[str, Any]:
    """Return the peaks in GiB and the largest batches of a network, kept and recomputed."""
    row: dict[str, Any] = {}
    for kind, recompute in (("kept", False), ("recomputed", True)):
        peaks = {
            frames: peak_of(name, frames, size, recompute=recompute, width=width)
            for frames in (batch, 2 * batch)
        }
        row[f"{kind}_peak_gib"] = peaks[batch] / GIB
        row |= {f"{kind}_largest_batch_{card}": largest_batch(peaks, card) for card in CARDS}
    return row


def table_of(report: dict[str, Any]) -> str:
    """Return a report as a Markdown table."""
    batch, size = (report["settings"][key] for key in ("batch", "size"))
    lines = [
        f"| network | GiB at {size}, batch {batch} | recomputed | H200, earlier revision "
        + "".join(f"| batch in {card} GB | recomputed " for card in CARDS)
        + "|",
        "|---" + "|--:" * (3 + 2 * len(CARDS)) + "|",
    ]
    for name, row in report["networks"].items():
        batches = "".join(
            f"| {row[f'kept_largest_batch_{card}']} | {row[f'recomputed_largest_batch_{card}']} "
            for card in CARDS
        )
        peaks = f"{row['kept_peak_gib']:.1f} | {row['recomputed_peak_gib']:.1f}"
        lines.append(f"| {name} | {peaks} | {row['measured_before_gib'] or ''} {batches}|")
    return "\n".join(lines)


def main() -> None:
    """Count all networks, print the table and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="*", default=list(OWN))
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--width", type=int, help="of all networks; default: that of each")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    settings = {"size": given.size, "batch": given.batch, "width": given.width}
    as_measured = settings == {"size": 512, "batch": 8, "width": None}
    report: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "torch": torch.__version__,
        "settings": settings,
        "networks": {},
    }
    for name in given.networks:
        row = row_of(name, given.batch, given.size, given.width)
        row["measured_before_gib"] = MEASURED[name] if as_measured else None
        report["networks"][name] = row
        print(name, json.dumps(row), flush=True)
    print(table_of(report))
    given.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
