"""The competition's run-length encoding of masks.

A mask is a string of pairs `start length`: 1-indexed, column-major (down, then right), sorted
and without overlaps. An empty mask is the empty string.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.errors import InputError

IMAGE_SHAPE: Final = (420, 580)
"""Height and width of every frame of the competition."""

# No frame has a ten-digit number of pixels, so longer numbers are rejected unread.
_MOST_DIGITS = 9
# Type codes of uint8 and bool: comparing the types themselves is measurably slower.
_BYTES = (np.dtype(np.uint8).char, np.dtype(np.bool_).char)


def encode(mask: NDArray[np.uint8] | NDArray[np.bool_]) -> str:
    """Return the runs of `mask` as `start length` pairs; '' for an empty mask.

    Args:
        mask: H x W, uint8 or bool; every value except 0 is inside.

    Raises:
        TypeError: `mask` is not H x W uint8 or bool.
    """
    numbers = _edges_of(mask)
    numbers[1::2] -= numbers[0::2]
    numbers[0::2] += 1
    # Formatting all numbers at once takes half the time of joining them one by one.
    return ("%d " * numbers.size)[:-1] % tuple(numbers.tolist())


def decode(pixels: str, shape: tuple[int, int] = IMAGE_SHAPE) -> NDArray[np.uint8]:
    """Return the mask that `pixels` describes, H x W uint8 {0, 1}.

    Args:
        pixels: pairs `start length`; '' is an empty mask.
        shape: height and width of the mask.

    Raises:
        InputError: `pixels` is malformed; the message names the first bad pair.
    """
    height, width = shape
    columns = np.zeros((width, height), dtype=np.uint8)
    flat = columns.reshape(-1)
    for start, end in runs(pixels, height * width).tolist():
        flat[start:end] = 1
    return np.asarray(cv2.transpose(columns), dtype=np.uint8)


def runs(pixels: str, size: int) -> NDArray[np.int64]:
    """Return the runs of `pixels`, K x 2 int64: 0-indexed first pixel, and one past the last.

    Args:
        pixels: pairs `start length`.
        size: number of pixels of the mask.

    Raises:
        InputError: as for `decode`.
    """
    numbers = _numbers(pixels)
    starts, lengths = numbers[0::2], numbers[1::2]
    found = np.stack([starts - 1, starts - 1 + lengths], axis=1)
    fine = bool((starts >= 1).all() and (lengths >= 1).all() and (found[:, 1] <= size).all())
    if not fine or bool((found[1:, 0] < found[:-1, 1]).any()):
        _explain(numbers.reshape(-1, 2).tolist(), size)
    return found


def covering(found: NDArray[np.int64], positions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the number of pixels inside `found` before each position, as float64.

    Args:
        found: K x 2, as `runs` returns them.
        positions: 0-indexed pixels, column-major; any shape.
    """
    if not len(found):
        return np.zeros(positions.shape)
    # The count is linear between the ends of runs, and exact: integers far below 2**53.
    grown = np.stack([np.zeros(len(found), dtype=np.int64), found[:, 1] - found[:, 0]], axis=1)
    return np.asarray(np.interp(positions, found.reshape(-1), np.cumsum(grown)))


def _edges_of(mask: NDArray[Any]) -> NDArray[np.int64]:
    """Return the starts and ends of the runs in turn, 0-indexed and column-major."""
    inside = _as_bytes(mask)
    height = inside.shape[0]
    columns = np.bitwise_or.reduce(inside, axis=0).nonzero()[0].tolist()
    if not columns:
        return np.zeros(0, dtype=np.int64)
    left, wide = columns[0], columns[-1] + 1 - columns[0]
    # An empty row above and below, so that every run has two edges within its column.
    padded = np.zeros((height + 2, wide), dtype=np.bool_)
    np.not_equal(inside[:, left : left + wide], 0, out=padded[1:-1])
    # There are few edges: sorting them by column is cheaper than transposing the pixels.
    changes = (padded[1:] != padded[:-1]).reshape(-1).nonzero()[0]
    row, column = np.divmod(changes, wide)
    edges: NDArray[np.int64] = (left + column) * height + row
    edges.sort()
    # Join a run that ends at the bottom of a column with one that starts at the top of the next.
    joined = edges[1:] == edges[:-1]
    if np.count_nonzero(joined):
        edges = edges[~(np.append(joined, False) | np.append(False, joined))]
    return edges


def _as_bytes(mask: NDArray[Any]) -> NDArray[np.uint8]:
    if mask.ndim != 2 or mask.dtype.char not in _BYTES:  # noqa: PLR2004
        raise TypeError(f"a mask is H x W uint8 or bool, got {mask.dtype} {mask.shape}")
    return np.ascontiguousarray(mask).view(np.uint8)


def _numbers(pixels: str) -> NDArray[np.int64]:
    tokens = pixels.split()
    for position, token in enumerate(tokens):
        if not (token.isascii() and token.isdigit() and len(token) <= _MOST_DIGITS):
            raise InputError(
                f"RLE pair {position // 2 + 1}: '{token[:20]}' is not a whole number of pixels; "
                "write pairs 'start length', separated by single spaces"
            )
    if len(tokens) % 2:
        raise InputError(
            f"RLE pair {len(tokens) // 2 + 1} ('{tokens[-1]}') has no length: "
            f"{len(tokens)} numbers do not make pairs 'start length'"
        )
    return np.array(tokens, dtype=np.int64)


def _explain(pairs: list[list[int]], size: int) -> None:
    """Raise the InputError that names the first bad pair of `pairs`."""
    before_start, before_end = 1, 1
    for number, (start, length) in enumerate(pairs, 1):
        if start < 1:
            fault = "pixels are counted from 1"
        elif length < 1:
            fault = "a run has at least one pixel"
        elif start + length - 1 > size:
            fault = f"it ends at pixel {start + length - 1}, and the image has only {size}"
        elif start < before_start:
            fault = f"the runs must be sorted, and the run before starts at {before_start}"
        elif start < before_end:
            fault = f"it overlaps the run before, which ends at {before_end - 1}"
        else:
            before_start, before_end = start, start + length
            continue
        raise InputError(f"RLE pair {number} ('{start} {length}'): {fault}")
