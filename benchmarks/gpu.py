"""All networks on a GPU at the paper's size, compared with a plain loop and a roofline bound.

python -m benchmarks.gpu FOLDER writes FOLDER/gpu.json. Every network has its own process. All of
them compile at the same time; then they are measured in turn, each with the GPU to itself.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from benchmarks.epoch import epoch_speed
from benchmarks.roofline import Ceilings, ceilings, wait
from benchmarks.steps import batch_of, engine_of, our_step, plain_step, roof_of, seconds_of

from nerveseg.models.factory import build
from nerveseg.models.registry import OWN

# The paper's training: 70 epochs over 4508 frames.
FRAMES = 70 * 4508


def main() -> None:
    """Run as the parent process, or as the process of one network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--network", help="run as the process of this network")
    parser.add_argument("--networks", nargs="*", default=list(OWN))
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument(
        "--width", type=int, help="width of the networks, for a trial on a small machine"
    )
    parser.add_argument("--alone", nargs="*", default=["rpa_apf", "unet"])
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument(
        "--limit",
        type=float,
        default=480,
        help="seconds after which the remaining measurements are skipped",
    )
    options = parser.parse_args()
    if options.network:
        _child(options)
    else:
        _parent(options)


def _parent(options: argparse.Namespace) -> None:
    options.folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    device, dtype = _device()
    limits = ceilings(device, dtype, 8192 if device.type == "cuda" else 512)
    report: dict[str, Any] = {
        "machine": _machine(device),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": "python -m benchmarks.gpu FOLDER",
        "settings": {key: getattr(options, key) for key in ("size", "batch", "steps", "width")},
        "ceilings": {"tflops": limits.flops / 1e12, "gigabytes_per_second": limits.bytes / 1e9},
        "networks": {},
    }
    print(json.dumps(report["ceilings"]), flush=True)
    children = {name: _start(name, options, limits, 2) for name in options.networks}

    def stop() -> None:
        for child in children.values():
            child.kill()

    clock = threading.Timer(options.limit, stop)
    clock.daemon = True
    clock.start()
    for child in children.values():
        _line(child)  # ready: compiled
    print(f"all compiled after {time.monotonic() - begun:.0f} s", flush=True)
    for name, child in children.items():
        row = _measured(child)
        report["networks"][name] = row
        print(name, json.dumps(row), flush=True)
        # Written after each network, so that a time limit loses only the remaining ones.
        _write(options.folder / "gpu.json", report)
    if not options.no_compile:
        report["compile_seconds_alone"] = {
            name: _compile_alone(name, options, limits) for name in options.alone
        }
    clock.cancel()
    torch.backends.cudnn.benchmark = True
    report["epochs"] = _epochs(device, options)
    report["total"] = _total(report["networks"])
    report["seconds"] = time.monotonic() - begun
    _write(options.folder / "gpu.json", report)
    print(json.dumps(report["total"]), flush=True)


def _start(
    name: str, options: argparse.Namespace, limits: Ceilings, threads: int
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.gpu", str(options.folder), "--network", name]
    for key in ("size", "batch", "steps", "width"):
        if getattr(options, key) is not None:
            command += [f"--{key}", str(getattr(options, key))]
    command += ["--no-compile"] if options.no_compile else []
    environment = {
        **os.environ,
        "CEILINGS": json.dumps(limits),
        "TORCHINDUCTOR_COMPILE_THREADS": str(threads),
    }
    with (options.folder / f"{name}.log").open("w") as log:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )


def _compile_alone(name: str, options: argparse.Namespace, limits: Ceilings) -> float:
    """Return the seconds that a network needs to compile with empty caches."""
    with tempfile.TemporaryDirectory() as empty:
        os.environ |= {"TORCHINDUCTOR_CACHE_DIR": empty, "TRITON_CACHE_DIR": f"{empty}/triton"}
        start = time.perf_counter()
        child = _start(name, options, limits, len(os.sched_getaffinity(0)))
        _line(child)
        child.kill()
        child.wait()
    return time.perf_counter() - start


def _epochs(device: torch.device, options: argparse.Namespace) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    width = {"width": options.width} if options.width else {}
    frames = 512 if device.type == "cuda" else 8 * options.batch
    for name in options.alone:
        _attempt(
            rows,
            name,
            lambda name=name: rows.update(
                {name: epoch_speed(name, width, device, size=options.size, frames=frames)._asdict()}
            ),
        )
        print(name, rows, flush=True)
    return rows


def _line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline()


def _measured(child: subprocess.Popen[str]) -> dict[str, Any]:
    assert child.stdin is not None
    try:
        child.stdin.write("go\n")
        child.stdin.flush()
        line = _line(child)
        child.wait()
        row: dict[str, Any] = json.loads(line)
    except (OSError, ValueError):
        row = {"unmeasured": "its process ended early: see its log"}
    return row


def _child(options: argparse.Namespace) -> None:
    device, dtype = _device()
    limits = Ceilings(*json.loads(os.environ["CEILINGS"]))
    batch = batch_of(options.batch, options.size)
    if device.type == "cuda":
        batch = type(batch)(*(value.pin_memory() for value in batch))
    row: dict[str, Any] = {}

    def network() -> torch.nn.Module:
        torch.manual_seed(0)
        return build(options.network, 1, **({"width": options.width} if options.width else {}))

    def measure(key: str, compiled: bool) -> None:
        _forget(device)
        engine = engine_of(network(), device, dtype, options.batch, compiled=compiled)
        step = our_step(engine, batch)
        row[f"{key}_warm_up_seconds"] = seconds_of(step, device, 1, 1)
        seconds = seconds_of(step, device, options.steps, 3)
        row[f"{key}_images_per_second"] = options.batch / seconds
        row[f"{key}_peak_gib"] = _peak(device)

    if not options.no_compile:
        start = time.perf_counter()
        step = our_step(engine_of(network(), device, dtype, options.batch, compiled=True), batch)
        _attempt(row, "compile", step)
        wait(device)
        # All networks compile at once, so this is an upper bound for a single one.
        row["compile_seconds_all_at_once"] = time.perf_counter() - start
        del step
        torch.compiler.reset()
        _forget(device)
    print("ready", flush=True)
    sys.stdin.readline()
    # Not earlier: while other processes use the GPU, cuDNN's choice of algorithms would be random.
    torch.backends.cudnn.benchmark = True
    _attempt(row, "recorded", lambda: measure("recorded", compiled=False))
    if not options.no_compile:
        _attempt(row, "compiled", lambda: measure("compiled", compiled=True))
    torch.compiler.reset()
    _forget(device)

    def roof() -> None:
        tally = roof_of(network(), batch, device, dtype, limits)
        row["roof_images_per_second"] = options.batch / tally.seconds
        row["roof_arithmetic_images_per_second"] = options.batch / tally.arithmetic_seconds
        row["gflops_per_image"] = tally.flops / options.batch / 1e9
        row["gigabytes_per_image"] = tally.bytes / options.batch / 1e9

    _attempt(row, "roof", roof)
    _forget(device)

    def plain() -> None:
        step = plain_step(network(), batch, device)
        for _ in range(3):
            step()
        seconds = seconds_of(step, device, options.steps, 3)
        row["plain_images_per_second"] = options.batch / seconds
        row["plain_peak_gib"] = _peak(device)

    torch.backends.cudnn.benchmark = False
    _attempt(row, "plain", plain)
    print(json.dumps(_ratios(row, limits)), flush=True)


def _attempt(row: dict[str, Any], name: str, work: Any) -> None:  # noqa: ANN401
    try:
        work()
    except Exception as error:  # a failure must not lose the other measurements
        row[f"{name}_failed"] = f"{type(error).__name__}: {str(error)[:300]}"


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


def _total(rows: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Return the minutes in which all networks train as in the paper, for each mode."""
    keys = [f"{mode}_training_minutes" for mode in ("recorded", "compiled")]
    total = {key: sum(row.get(key, float("nan")) for row in rows.values()) for key in keys}
    best = [
        min((row[key] for key in keys if key in row), default=float("nan")) for row in rows.values()
    ]
    plain = [
        FRAMES / row.get("plain_images_per_second", float("nan")) / 60 for row in rows.values()
    ]
    return {**total, "best_training_minutes": sum(best), "plain_training_minutes": sum(plain)}


def _device() -> tuple[torch.device, torch.dtype]:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu"), torch.bfloat16


def _machine(device: torch.device) -> dict[str, str]:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    return {"device": name, "torch": torch.__version__, "python": sys.version.split()[0]}


def _forget(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _peak(device: torch.device) -> float:
    return torch.cuda.max_memory_allocated(device) / 2**30 if device.type == "cuda" else 0.0


def _write(path: Path, report: dict[str, Any]) -> None:
    path.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
