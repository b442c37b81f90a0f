"""Feeds damaged inputs to all readers, or to one; exits with code 1 after a fault.

Each reader runs in a process of its own, so that a crash of a library is a fault like any other.
"""

import argparse
import mmap
import os
import resource
import struct
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Final

from .engine import Fault, Target, feed, input_of
from .targets import all_targets

MOST_ADDRESSES: Final = 16 << 30
"""Limit on the address space of a process, so that no fault exhausts the machine."""

MOST_KEPT: Final = 20
"""How many faults of a reader are kept and printed."""

_MEMORY: Final = Path("/dev/shm")
_BLOCK: Final = 500
_PROGRESS: Final = struct.Struct("<4q")  # number of the current input; accepted, refused, faults


def main() -> None:
    """Run the command line."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        targets = all_targets(Path(folder))
        code = _feed_all(targets, options)
    sys.exit(code)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="number of inputs in all")
    parser.add_argument("--target", help="one reader; default: all of them, by their shares")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument(
        "--keep", type=Path, default=Path("fuzz-faults"), help="folder for inputs that are faults"
    )
    return parser.parse_args()


def _feed_all(targets: dict[str, Target], options: argparse.Namespace) -> int:
    """Run every reader in a process of its own; return 1 if there is a fault, else 0."""
    begun, total, faults = time.monotonic(), 0, 0
    chosen = {options.target: targets[options.target]} if options.target else targets
    shares = sum(target.share for target in chosen.values())
    for name, target in chosen.items():
        count = max(1, options.count * target.share // shares)
        numbers = range(options.first, options.first + count)
        accepted, refused, found = _in_processes(name, target, numbers, options)
        print(f"{name:28}{count:11,} inputs: {accepted:,} accepted, {refused:,} refused, {found} "
              "faults", flush=True)  # fmt: skip
        total, faults = total + accepted + refused + found, faults + found
    seconds = time.monotonic() - begun
    print(f"{total:,} inputs, {len(chosen)} readers, {seconds:.0f} s: {faults} faults")
    return int(faults > 0)


def _in_processes(
    name: str, target: Target, numbers: range, options: argparse.Namespace
) -> tuple[int, int, int]:
    """Return how many inputs a reader accepted, refused, and did neither with.

    A process that crashed is followed by another, which begins with the next input.
    """
    sums, crashes = [0, 0, 0], 0
    while numbers:
        progress = mmap.mmap(-1, _PROGRESS.size)
        if (child := os.fork()) == 0:
            _feed_and_exit(name, target, numbers, progress, options)
        _, status = os.waitpid(child, 0)
        reached, *counts = _PROGRESS.unpack(progress[:])
        sums = [before + now for before, now in zip(sums, counts, strict=True)]
        if status == 0:
            break
        crashes += 1
        what = f"the process ended with status {os.waitstatus_to_exitcode(status)}"
        content = input_of(name, target, options.seed, reached)
        _keep(options.keep, name, Fault(reached, content, what))
        numbers = range(reached + 1, numbers.stop)
    return sums[0], sums[1], sums[2] + crashes


def _feed_and_exit(
    name: str, target: Target, numbers: range, progress: mmap.mmap, options: argparse.Namespace
) -> None:
    """Feed one reader in this process, then end it, keeping its progress on record."""
    code = 1
    sums = [0, 0, 0]

    def record(number: int) -> None:
        progress[:] = _PROGRESS.pack(number, *sums)

    try:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
        for first in range(numbers.start, numbers.stop, _BLOCK):
            block = range(first, min(first + _BLOCK, numbers.stop))
            found = feed(name, target, block, options.seed, record)
            counts = (found.accepted, found.refused, len(found.faults))
            sums = [before + now for before, now in zip(sums, counts, strict=True)]
            for fault in found.faults[: max(0, MOST_KEPT - sums[2] + len(found.faults))]:
                _keep(options.keep, name, fault)
        record(numbers.stop)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)  # the parent removes the scratch folder


def _keep(folder: Path, name: str, fault: Fault) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name.replace(' ', '-')}-{fault.number}"
    path.write_bytes(fault.content)
    print(
        f"{name}: input {fault.number}, kept as {path}\n{fault.what}", file=sys.stderr, flush=True
    )


if __name__ == "__main__":
    main()
