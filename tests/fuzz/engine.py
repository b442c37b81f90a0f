"""Feeds damaged inputs to one reader and reports what it does other than to return or refuse."""

import re
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Final, NamedTuple

from nerveseg.errors import InputError

from .mutation import damaged

MOST_SECONDS: Final = 20.0
"""Limit on the processor time of one input."""

MOST_BYTES: Final = 512 << 20
"""Limit on how much one input may raise the peak memory of the process."""


class Target(NamedTuple):
    """A reader under test.

    Attributes:
        read: takes an input; returns or raises an `InputError`.
        seeds: valid inputs.
        tokens: text of the format, for `mutation.damaged`.
        share: how many inputs it gets in relation to others; cheap readers get more.
    """

    read: Callable[[bytes], object]
    seeds: Sequence[bytes]
    tokens: Sequence[bytes] = ()
    share: int = 1


class Fault(NamedTuple):
    """An input that a reader did not handle.

    Attributes:
        number: number of the input.
        content: its bytes.
        what: the exception with its traceback, or the limit that was exceeded.
    """

    number: int
    content: bytes
    what: str


@dataclass
class Findings:
    """What a reader did with its inputs.

    Attributes:
        accepted: number of inputs for which it returned.
        refused: number of inputs for which it raised an `InputError`.
        faults: all others.
    """

    accepted: int = 0
    refused: int = 0
    faults: list[Fault] = field(default_factory=list)


class TooSlowError(BaseException):
    """One input took longer than `MOST_SECONDS`. No reader catches it by `except Exception`."""


def input_of(name: str, target: Target, seed: int, index: int) -> bytes:
    """Return input `index` of a target, the same in every process."""
    random = Random(f"{seed} {name} {index}")
    return damaged(random.choice(target.seeds), random, target.tokens)


def feed(
    name: str,
    target: Target,
    indices: Iterator[int] | range,
    seed: int = 1,
    before: Callable[[int], None] = lambda index: None,
) -> Findings:
    """Feed the inputs with `indices` to a target.

    Args:
        name: name of the target.
        target: the reader.
        indices: numbers of the inputs.
        seed: seed of all inputs.
        before: called with each number before its input is read.
    """
    findings = Findings()
    with _clock() as start:
        for index in indices:
            before(index)
            content = input_of(name, target, seed, index)
            if what := _fault(target, content, start, findings):
                findings.faults.append(Fault(index, content, what))
    return findings


def _fault(
    target: Target, content: bytes, start: Callable[[float], None], findings: Findings
) -> str:
    _forget_peak()
    peak = _peak_bytes()
    start(MOST_SECONDS)
    try:
        target.read(content)
        findings.accepted += 1
    except InputError:
        findings.refused += 1
    except TooSlowError:
        return f"longer than {MOST_SECONDS:g} s\n{traceback.format_exc(limit=-6)}"
    except Exception:
        return traceback.format_exc(limit=-6)
    finally:
        start(0)
    if (grown := _peak_bytes() - peak) > MOST_BYTES:
        return f"{grown >> 20} MiB of memory"
    return ""


@contextmanager
def _clock() -> Iterator[Callable[[float], None]]:
    """Yield a function that starts the clock of one input; 0 stops it."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooSlowError

    def start(seconds: float) -> None:
        signal.setitimer(signal.ITIMER_PROF, seconds)

    # Processor time, so that a busy machine does not make a reader slow.
    before = signal.signal(signal.SIGPROF, stop)
    try:
        yield start
    finally:
        start(0)
        signal.signal(signal.SIGPROF, before)


def _forget_peak() -> None:
    # Otherwise an input that needs less than the process once did, for another test, goes unseen.
    Path("/proc/self/clear_refs").write_text("5")


def _peak_bytes() -> int:
    (line,) = re.findall(
        r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE
    )
    return int(line) << 10
