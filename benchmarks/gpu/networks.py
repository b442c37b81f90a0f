"""All networks in turn, each in its own process; all of them compile at the same time first."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from typing import Any, Final

import torch
from benchmarks.epoch import epoch_speed
from benchmarks.gpu.machine import attempt, new_report, write_report
from benchmarks.roofline import Ceilings, ceilings

FRAMES: Final = 70 * 4508
"""The paper's training: 70 epochs over 4508 frames."""


def measure_networks(options: argparse.Namespace) -> None:
    """Write FOLDER/gpu.json."""
    options.folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    device, dtype = torch.device(options.device), torch.bfloat16
    limits = ceilings(device, dtype, 8192 if device.type == "cuda" else 512)
    report = new_report("", options, "size", "batch", "steps", "width")
    report |= {
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
        write_report(options.folder / "gpu.json", report)
    if not options.no_compile:
        report["compile_seconds_alone"] = {
            name: _compile_alone(name, options, limits) for name in options.alone
        }
    clock.cancel()
    torch.backends.cudnn.benchmark = True
    report["epochs"] = _epochs(device, options)
    report["total"] = _total(report["networks"])
    report["seconds"] = time.monotonic() - begun
    write_report(options.folder / "gpu.json", report)
    print(json.dumps(report["total"]), flush=True)


def _start(
    name: str, options: argparse.Namespace, limits: Ceilings, threads: int
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.gpu", str(options.folder), "--network", name]
    for key in ("size", "batch", "steps", "width", "device"):
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

    def measure(name: str) -> None:
        rows[name] = epoch_speed(name, width, device, size=options.size, frames=frames)._asdict()

    for name in options.alone:
        attempt(rows, name, partial(measure, name))
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
