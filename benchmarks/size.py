"""Time and peak memory against the number and the size of frames: `python -m benchmarks.size`.

Every step is the stage of the pipeline, in a process of its own. Frames and maps are synthetic: a
few patterns, repeated. The network is the narrowest U-Net, untrained.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.machine import describe
from benchmarks.side_by_side import Result, print_table, within
from benchmarks.size_chart import draw
from benchmarks.size_data import write_project, write_realistic_maps

from nerveseg.errors import InputError

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = Path(__file__).parent / "results"
FRAMES: Final = (1000, 10_000)
SIDES: Final = (256, 1024)
STEPS: Final = (
    "pack",
    "split",
    "baselines",
    "predict",
    "decide",
    "encode",
    "score",
    "summary",
    "report",
)
OF_A_RUN: Final = frozenset({"predict", "decide", "encode", "score"})
_WRAPPER: Final = """
import os, pathlib, re, runpy, sys
peak, *sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    status = pathlib.Path("/proc/self/status").read_text()
    kibibytes = re.search(r"VmHWM:\\s*(\\d+)", status)[1]
    pathlib.Path(peak).write_text(f"{kibibytes} {sum(os.times()[:2])}")
"""
# The system's own record of a child's peak (wait4) begins with that of its parent.
MOST_TIME: Final = 1.2
"""Bar: a step's time may grow by this factor more than the number of frames."""
MOST_MEMORY: Final = 2.0
"""Bar: a step's peak memory may grow by this factor, however many frames there are."""


class Cost(NamedTuple):
    """What one step took.

    Attributes:
        step: name of the stage.
        frames: training and test frames, half each.
        side: height and width of the packed frames.
        seconds: wall-clock time of the process.
        busy_seconds: its processor time, which a busy machine hardly changes.
        mebibytes: its peak memory.
    """

    step: str
    frames: int
    side: int
    seconds: float
    busy_seconds: float
    mebibytes: float


def measure() -> dict[str, Result]:
    """Return how time and memory grow with the number of frames; keep the curves as well."""
    costs = _curves(FRAMES, SIDES)
    _keep(costs, RESULTS)
    return _growth(costs)


def _curves(frames: Sequence[int], sides: Sequence[int]) -> list[Cost]:
    """Measure each number of frames at the first side, and each side at the first number."""
    points = [(count, sides[0]) for count in frames] + [(frames[0], side) for side in sides[1:]]
    return [cost for point in points for cost in _costs(*point)]


def _costs(frames: int, side: int) -> Iterator[Cost]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_project(folder, frames, side)
        for step in STEPS:
            run = ["unet"] * (step in OF_A_RUN)
            cost = Cost(step, frames, side, *run_stage(step, folder, *run))
            print(
                f"{step:10}{frames:8,} frames{side:6} px{cost.busy_seconds:10.1f} s"
                f"{cost.mebibytes:10.0f} MiB",
                flush=True,
            )
            yield cost
            if step == "predict":
                write_realistic_maps(folder)


def run_stage(step: str, folder: Path, *arguments: str) -> tuple[float, float, float]:
    """Return wall-clock and processor seconds and peak memory in MiB of one stage.

    Args:
        step: name of the stage.
        folder: the project in which it runs.
        arguments: arguments of its command.

    Raises:
        InputError: it failed.
    """
    peak, log = folder / "peak", folder / "log"
    stage = [str(ROOT / f"stages/{step}.py"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    begun = time.perf_counter()
    with log.open("w") as file:
        done = subprocess.run(
            [sys.executable, "-c", _WRAPPER, str(peak), *stage],
            cwd=folder,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise InputError(f"the stage {step} failed: {log.read_text()[-500:]}")
    kibibytes, busy = peak.read_text().split()
    return time.perf_counter() - begun, float(busy), int(kibibytes) / 1024


def _growth(costs: Sequence[Cost]) -> dict[str, Result]:
    """Compare the largest number of frames with the least."""
    few, many = min(cost.frames for cost in costs), max(cost.frames for cost in costs)
    side = costs[0].side
    found = {(cost.step, cost.frames): cost for cost in costs if cost.side == side}
    times = many / few
    results: dict[str, Result] = {}
    for step in STEPS:
        one, other = found[step, few], found[step, many]
        label = f"{step}, {few:,} to {many:,} frames"
        results[f"{label}: processor time"] = within(
            other.busy_seconds / one.busy_seconds, MOST_TIME * times, "times as much"
        )
        results[f"{label}: memory"] = within(
            other.mebibytes / one.mebibytes, MOST_MEMORY, "times as much"
        )
    return results


def _keep(costs: Sequence[Cost], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    record = {**describe("python -m benchmarks.size"), "costs": [cost._asdict() for cost in costs]}
    (folder / "curves_of_size.json").write_text(json.dumps(record, indent=1) + "\n")
    (folder / "curves_of_size.svg").write_text(draw(costs))


def main() -> None:
    """Measure at chosen sizes; print the growth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, nargs="+", default=FRAMES)
    parser.add_argument("--sides", type=int, nargs="+", default=SIDES)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    if shutil.disk_usage(tempfile.gettempdir()).free < max(options.frames) << 18:
        parser.error("TMPDIR has too little room: 256 KiB per frame are needed")
    costs = _curves(options.frames, options.sides)
    _keep(costs, options.out)
    print_table(_growth(costs))


if __name__ == "__main__":
    main()
