"""Whatever the bytes, a reader returns or raises an InputError, in bounded memory and time."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from fuzz import engine
from fuzz.engine import Target, feed, input_of
from fuzz.targets import MODULES
from nerveseg.errors import InputError

OF_ONE_SHARE = 8
"""Inputs in the everyday tests; `python -m tests.fuzz --count N` feeds more."""


@pytest.mark.parametrize("module", MODULES)
def test_damaged_inputs_are_read_or_refused(module: str, tmp_path: Path) -> None:
    count = 0
    for name, target in import_module(f"fuzz.{module}").targets(tmp_path).items():
        found = feed(name, target, range(OF_ONE_SHARE * target.share))
        assert [f"{name}: input {fault.number}: {fault.what}" for fault in found.faults] == []
        count += found.accepted + found.refused
    print(f"{count} inputs of {module}")
    assert count > 100


def refuse(content: bytes) -> None:
    if len(content) > 2:
        raise InputError("too long")


def test_what_a_reader_does_is_counted() -> None:
    found = feed("any", Target(refuse, [b"ab"]), range(200))
    assert found.accepted > 10
    assert found.refused > 10
    assert not found.faults


def fail(content: bytes) -> None:
    raise KeyError(content)


def fill(_content: bytes) -> None:
    _ = b"\1" * (2 * engine.MOST_BYTES)


def hang(_content: bytes) -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("read", "what"), [(fail, "KeyError"), (fill, "MiB of memory"), (hang, "longer than")]
)
def test_a_fault_is_found(
    read: Callable[[bytes], None], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MOST_SECONDS", 0.1 if read is hang else 20)
    fill(b"")  # what the process needed before does not hide what an input needs
    (fault,) = feed("any", Target(read, [b"ab"]), range(1)).faults
    assert what in fault.what
    assert fault.content == input_of("any", Target(read, [b"ab"]), 1, 0)


def test_every_input_differs_and_can_be_made_again() -> None:
    target = Target(refuse, [b"1,2,3\n" * 9])
    inputs = [input_of("any", target, 1, index) for index in range(50)]
    assert inputs == [input_of("any", target, 1, index) for index in range(50)]
    assert len(set(inputs)) > 45
    assert inputs[0] != input_of("any", target, 2, 0)
