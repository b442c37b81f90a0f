"""The kernels of one network's update by time: where a step goes."""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

import torch
from benchmarks.gpu.machine import attempt, forget, new_network, new_report, write_report
from benchmarks.roofline import wait
from benchmarks.steps import batch_of, engine_of, our_step, seconds_of
from torch.profiler import ProfilerActivity, profile

SHOWN: Final = 30
"""Rows of the printed table."""
LONGEST: Final = 100
"""Characters of a kernel's name in it."""


class Kernel(NamedTuple):
    """One kind of kernel on a GPU, or of operation on a CPU.

    Attributes:
        name: its name.
        calls: calls per update.
        milliseconds: its own time per update, without that of operations that it calls.
    """

    name: str
    calls: float
    milliseconds: float


def profile_network(options: argparse.Namespace) -> None:
    """Print the kernels by time, and write FOLDER/profile_NETWORK.json."""
    device = torch.device(options.device)
    command = f"--profile {options.profile}"
    report = new_report(command, options, "size", "batch", "steps", "width")
    report |= {"network": options.profile, "modes": {}}
    torch.backends.cudnn.benchmark = True
    for mode in ["recorded", *([] if options.no_compile else ["compiled"])]:
        attempt(report, mode, partial(_measure, mode, options, device, report["modes"]))
    write_report(options.folder / f"profile_{options.profile}.json", report)
    for mode, row in report["modes"].items():
        print(_table(f"{options.profile}, {mode}", row))
    print("".join(f"{key}: {text}\n" for key, text in report.items() if key.endswith("_failed")))


def _measure(
    mode: str, options: argparse.Namespace, device: torch.device, modes: dict[str, Any]
) -> None:
    forget(device)
    network = new_network(options.profile, options)
    compiled = mode == "compiled"
    engine = engine_of(network, device, torch.bfloat16, options.batch, compiled=compiled)
    step = our_step(engine, batch_of(options.batch, options.size))
    seconds_of(step, device, 2, 1)
    seconds = seconds_of(step, device, options.steps, 3)
    kernels = kernels_of(step, device, options.steps)
    modes[mode] = {
        "step_milliseconds": 1000 * seconds,
        "kernel_milliseconds": sum(each.milliseconds for each in kernels),
        "launches": sum(each.calls for each in kernels),
        "kernels": [each._asdict() for each in kernels],
    }


def kernels_of(step: Callable[[], None], device: torch.device, steps: int) -> list[Kernel]:
    """Return the kernels (on a CPU, the operations) of `steps` calls of `step`, longest first."""
    cuda = device.type == "cuda"
    activities = [ProfilerActivity.CUDA if cuda else ProfilerActivity.CPU]
    with profile(activities=activities) as recorded:
        for _ in range(steps):
            step()
        wait(device)
    kind = "CUDA" if cuda else "CPU"
    rows = [each for each in recorded.key_averages() if each.device_type.name == kind]
    kernels = [
        Kernel(
            each.key,
            each.count / steps,
            (each.self_device_time_total if cuda else each.self_cpu_time_total) / 1000 / steps,
        )
        for each in rows
        if not each.is_user_annotation
    ]
    return sorted(kernels, key=lambda each: -each.milliseconds)


def _table(title: str, row: dict[str, Any]) -> str:
    total = row["kernel_milliseconds"]
    lines = [
        f"{title}: {row['step_milliseconds']:.2f} ms per update, "
        f"{total:.2f} ms of kernels in {row['launches']:.0f} launches",
        "",
        "| kernel | calls | ms | share |",
        "|---|--:|--:|--:|",
        *(
            f"| {each['name'][:LONGEST]} | {each['calls']:g} | {each['milliseconds']:.3f} | "
            f"{each['milliseconds'] / total:.1%} |"
            for each in row["kernels"][:SHOWN]
        ),
    ]
    return "\n".join(lines) + "\n"
