"""Random damage to a valid input, reproducible from the state of a generator."""

import re
import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

MOST_CHANGES: Final = 6
_NUMBERS: Final = (0, 1, 2, 3, 7, 8, 127, 128, 255, 256, 1000, 32767, 40000, 65535, 65536)
_EXTREMES: Final = (*(2**bits - less for bits in (31, 32, 63, 64) for less in (1, 2)), 2**31, 2**63)
_DIGITS: Final = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?")
TOKENS: Final = (
    b"",
    b"-1",
    b"0",
    b"1e999",
    b"nan",
    b"9" * 30,
    b"9" * 400,
    b"9" * 5000,
    b"\x00",
    b"\xff\xfe",
    b"\r",
    b"\n",
    b'"',
    b",",
    b" ",
    "٣".encode(),  # a digit for str.isdigit, but not in ASCII
    "\u2028".encode(),
)
"""Text that often breaks readers, whatever the format."""


def damaged(content: bytes, random: Random, tokens: Sequence[bytes]) -> bytes:
    """Return `content` after one to six random changes.

    Args:
        content: a valid input.
        random: source of all choices.
        tokens: text of the format, inserted along with `TOKENS`.
    """
    changed = bytearray(content)
    words = (*TOKENS, *tokens)
    for _ in range(1 + min(int(random.expovariate(0.7)), MOST_CHANGES - 1)):
        random.choice(_CHANGES)(changed, random, words)
    return bytes(changed)


_Change = Callable[[bytearray, Random, Sequence[bytes]], None]


def _place(content: bytearray, random: Random) -> int:
    """Return a place in `content`: anywhere, or most often close to one of its ends."""
    if not content:
        return 0
    kind = random.randrange(3)
    if kind == 0:
        return random.randrange(len(content))
    # Log-uniform, because headers and directories are small and lie at the ends.
    depth = min(int(len(content) ** random.random()) - 1, len(content) - 1)
    return depth if kind == 1 else len(content) - 1 - depth


def _span(content: bytearray, random: Random) -> slice:
    begin = _place(content, random)
    return slice(begin, begin + 1 + int(64 ** random.random()))


def _flip_bit(content: bytearray, random: Random, _words: Sequence[bytes]) -> None:
    if content:
        content[_place(content, random)] ^= 1 << random.randrange(8)


def _set_byte(content: bytearray, random: Random, _words: Sequence[bytes]) -> None:
    if content:
        content[_place(content, random)] = random.randrange(256)


def _set_number(content: bytearray, random: Random, _words: Sequence[bytes]) -> None:
    size, form = random.choice([(1, "B"), (2, "H"), (4, "I"), (8, "Q")])
    value = random.choice(_NUMBERS + _EXTREMES) % 2 ** (8 * size)
    begin = _place(content, random)
    content[begin : begin + size] = struct.pack(random.choice("<>") + form, value)


def _delete(content: bytearray, random: Random, _words: Sequence[bytes]) -> None:
    del content[_span(content, random)]


def _repeat(content: bytearray, random: Random, _words: Sequence[bytes]) -> None:
    span = _span(content, random)
    content[span.start : span.start] = content[span] * random.choice([1, 2, 50])


def _move(content: bytearray, random: Random, _words: Sequence[bytes]) -> None:
    span = _span(content, random)
    block = content[span]
    del content[span]
    place = _place(content, random)
    content[place:place] = block


def _insert(content: bytearray, random: Random, words: Sequence[bytes]) -> None:
    place = _place(content, random)
    content[place:place] = random.choice(words)


def _replace_number(content: bytearray, random: Random, words: Sequence[bytes]) -> None:
    if match := _DIGITS.search(content, _place(content, random)):
        content[match.start() : match.end()] = random.choice(words)


def _cut(content: bytearray, random: Random, _words: Sequence[bytes]) -> None:
    del content[_place(content, random) :]


_CHANGES: Final[tuple[_Change, ...]] = (
    _flip_bit,
    _set_byte,
    _set_number,
    _set_number,
    _delete,
    _repeat,
    _move,
    _insert,
    _replace_number,
    _cut,
)
