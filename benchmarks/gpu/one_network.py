"""One network, in a process of its own: its steps, memory, roofline bound and plain loop."""

import argparse
import json
import os
import sys
import time
from typing import Any

import torch
from benchmarks.gpu.machine import attempt, forget, new_network, peak_gib
from benchmarks.gpu.networks import FRAMES
from benchmarks.roofline import Ceilings, wait
from benchmarks.steps import batch_of, engine_of, our_step, plain_step, roof_of, seconds_of


def measure_network(options: argparse.Namespace) -> None:
    """Compile, say so in a line, wait for a line, and write the measurements as a line."""
    device, dtype = torch.device(options.device), torch.bfloat16
    limits = Ceilings(*json.loads(os.environ["CEILINGS"]))
    batch = batch_of(options.batch, options.size)
    if device.type == "cuda":
        batch = type(batch)(*(value.pin_memory() for value in batch))
    row: dict[str, Any] = {}

    def network() -> torch.nn.Module:
        return new_network(options.network, options)

    def measure(key: str, compiled: bool) -> None:
        forget(device)
        engine = engine_of(network(), device, dtype, options.batch, compiled=compiled)
        step = our_step(engine, batch)
        row[f"{key}_warm_up_seconds"] = seconds_of(step, device, 1, 1)
        seconds = seconds_of(step, device, options.steps, 3)
        row[f"{key}_images_per_second"] = options.batch / seconds
        row[f"{key}_peak_gib"] = peak_gib(device)

    if not options.no_compile:
        start = time.perf_counter()
        step = our_step(engine_of(network(), device, dtype, options.batch, compiled=True), batch)
        attempt(row, "compile", step)
        wait(device)
        # All networks compile at once, so this is an upper bound for a single one.
        row["compile_seconds_all_at_once"] = time.perf_counter() - start
        del step
        torch.compiler.reset()
        forget(device)
    print("ready", flush=True)
    sys.stdin.readline()
    # Not earlier: while other processes use the GPU, cuDNN's choice of algorithms would be random.
    torch.backends.cudnn.benchmark = True
    attempt(row, "recorded", lambda: measure("recorded", compiled=False))
    if not options.no_compile:
        attempt(row, "compiled", lambda: measure("compiled", compiled=True))
    torch.compiler.reset()
    forget(device)

    def roof() -> None:
        tally = roof_of(network(), batch, device, dtype, limits)
        row["roof_images_per_second"] = options.batch / tally.seconds
        row["roof_arithmetic_images_per_second"] = options.batch / tally.arithmetic_seconds
        row["gflops_per_image"] = tally.flops / options.batch / 1e9
        row["gigabytes_per_image"] = tally.bytes / options.batch / 1e9

    attempt(row, "roof", roof)
    forget(device)

    def plain() -> None:
        step = plain_step(network(), batch, device)
        for _ in range(3):
            step()
        seconds = seconds_of(step, device, options.steps, 3)
        row["plain_images_per_second"] = options.batch / seconds
        row["plain_peak_gib"] = peak_gib(device)

    torch.backends.cudnn.benchmark = False
    attempt(row, "plain", plain)
    print(json.dumps(_ratios(row, limits)), flush=True)


def _ratios(row: dict[str, Any], limits: Ceilings) -> dict[str, Any]:
    modes = ("recorded", "compiled")
    reached = {mode: row.get(f"{mode}_images_per_second", 0.0) for mode in modes}
    for mode, speed in reached.items():
        if not speed:
            continue
        row[f"{mode}_training_minutes"] = (
            FRAMES / speed + row.get("compile_seconds_all_at_once", 0.0) * (mode == "compiled")
        ) / 60
        if "plain_images_per_second" in row:
            row[f"{mode}_times_plain"] = speed / row["plain_images_per_second"]
        if "roof_images_per_second" in row:
            row[f"{mode}_of_roof"] = speed / row["roof_images_per_second"]
            row[f"{mode}_mfu"] = speed * row["gflops_per_image"] * 1e9 / limits.flops
    return row
