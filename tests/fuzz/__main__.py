"""Feeds damaged inputs to all readers, or to one; exits with code 1 after a fault.

Each reader runs in a process of its own, so that a crash of a library is a fault like any other.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from .engine import Fault, feed, input_of
from .targets import all_targets, one_target

MOST_ADDRESSES: Final = 16 << 30
"""Limit on the address space of a process, so that no fault exhausts the machine."""

_MEMORY: Final = Path("/dev/shm")
_BLOCK: Final = 500


def main() -> None:
    """Run the command line."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        if options.child:
            _feed_one(options, Path(folder))
        else:
            sys.exit(_feed_all(options, Path(folder)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="number of inputs in all")
    parser.add_argument("--target", help="one reader; default: all of them, by their shares")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument(
        "--keep", type=Path, default=Path("fuzz-faults"), help="folder for inputs that are faults"
    )
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _feed_all(options: argparse.Namespace, folder: Path) -> int:
    """Run every reader in a process of its own; return 1 if there is a fault, else 0."""
    begun, total, faults = time.monotonic(), 0, 0
    if options.target:
        shares = {options.target: 1}
    else:
        scratch = folder / "shares"
        scratch.mkdir()
        shares = {name: each.share for name, each in all_targets(scratch).items()}
    for name, share in shares.items():
        count = max(1, options.count * share // sum(shares.values()))
        accepted, refused, found = _in_a_process(name, count, options, folder / "progress")
        print(f"{name:22}{count:11,} inputs: {accepted:,} accepted, {refused:,} refused, {found} "
              "faults", flush=True)  # fmt: skip
        total, faults = total + accepted + refused + found, faults + found
    seconds = time.monotonic() - begun
    print(f"{total:,} inputs, {len(shares)} readers, {seconds:.0f} s: {faults} faults")
    return int(faults > 0)


def _in_a_process(
    name: str, count: int, options: argparse.Namespace, progress: Path
) -> tuple[int, int, int]:
    """Return how many inputs a reader accepted, refused, and did neither with."""
    first, end, crashes = options.first, options.first + count, 0
    sums = [0, 0, 0]
    while first < end:
        progress.write_text(f"{first} 0 0 0")
        command = [
            sys.executable, "-m", __package__ or "", "--child", str(progress), "--target", name,
            "--seed", str(options.seed), "--first", str(first), "--count", str(end - first),
            "--keep", str(options.keep),
        ]  # fmt: skip
        code = subprocess.run(command, check=False).returncode
        reached, *counts = map(int, progress.read_text().split())
        sums = [before + now for before, now in zip(sums, counts, strict=True)]
        if code == 0:
            break
        crashes += 1
        target = one_target(name, Path(tempfile.mkdtemp(dir=progress.parent)))
        content = input_of(name, target, options.seed, reached)
        _keep(options.keep, name, Fault(reached, content, f"the process ended with code {code}"))
        first = reached + 1
    return sums[0], sums[1], sums[2] + crashes


def _feed_one(options: argparse.Namespace, folder: Path) -> None:
    """Feed one reader and keep the number of the current input on record."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
    target = one_target(options.target, folder)
    sums = [0, 0, 0]
    with options.child.open("r+") as progress:

        def record(index: int) -> None:
            os.pwrite(progress.fileno(), f"{index} {sums[0]} {sums[1]} {sums[2]}".encode(), 0)

        end = options.first + options.count
        for first in range(options.first, end, _BLOCK):
            block = range(first, min(first + _BLOCK, end))
            found = feed(options.target, target, block, options.seed, record)
            counts = (found.accepted, found.refused, len(found.faults))
            sums = [before + now for before, now in zip(sums, counts, strict=True)]
            for fault in found.faults:
                _keep(options.keep, options.target, fault)
        record(end)


def _keep(folder: Path, name: str, fault: Fault) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name.replace(' ', '-')}-{fault.number}"
    path.write_bytes(fault.content)
    print(
        f"{name}: input {fault.number}, kept as {path}\n{fault.what}", file=sys.stderr, flush=True
    )


if __name__ == "__main__":
    main()
