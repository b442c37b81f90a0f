"""From polygons and run lengths of COCO to a mask, by COCO's own rules."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from nerveseg.errors import InputError

_LEAST_POINTS: Final = 3
_FAR: Final = 1e9
_DIGITS: Final = range(48, 112)


def from_polygon(numbers: object, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the mask of one polygon, H x W uint8 {0, 1}.

    Args:
        numbers: x and y of the points in turn, in pixels.
        shape: height and width.

    Raises:
        InputError: these are not at least three points near the image.
    """
    height, width = shape
    if not _is_polygon(numbers):
        raise InputError("a polygon that is not a list of at least three points; correct it")
    points = np.array(numbers, dtype=np.float64).reshape(-1, 2)
    # A point far away would make pycocotools draw a line of billions of pixels.
    if (np.abs(points - [width / 2, height / 2]) > [1.5 * width, 1.5 * height]).any():
        raise InputError(f"a polygon with points far outside the {width} x {height} image; fix it")
    (encoded,) = coco.frPyObjects([points.reshape(-1).tolist()], height, width)
    return _decompressed(encoded["counts"].decode("ascii"), shape)


def from_run_lengths(value: Mapping[str, object], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the mask of COCO's run lengths, H x W uint8 {0, 1}.

    Args:
        value: `size` [height, width] and `counts`, a list of numbers or a compressed string.
        shape: height and width of the image.

    Raises:
        InputError: the size is not that of the image, or the runs do not fill it.
    """
    height, width = shape
    counts, size = value.get("counts"), value.get("size")
    if size != [height, width]:
        raise InputError(f"run lengths of size {size}, but the image is {[height, width]}; fix it")
    if isinstance(counts, str):
        return _decompressed(counts, shape)
    if not (isinstance(counts, list) and all(_is_count(count) for count in counts)):
        raise InputError("run lengths that are neither a list of numbers nor a string; correct it")
    if sum(counts) != height * width:
        raise InputError(f"run lengths of {sum(counts)} pixels for {height * width}; correct them")
    flat = np.repeat(np.arange(len(counts)) % 2, counts)
    return np.ascontiguousarray(flat.reshape(width, height).T, dtype=np.uint8)


def _decompressed(counts: str, shape: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = shape
    try:
        lengths = _numbers(counts.encode("ascii"))
    except (ValueError, IndexError) as error:
        raise InputError("run lengths that cannot be decompressed; correct them") from error
    return from_run_lengths({"size": [height, width], "counts": lengths}, shape)


def _numbers(text: bytes) -> list[int]:
    """Return the run lengths in COCO's compressed string (`rleFrString` of its maskApi.c).

    pycocotools trusts the string, and writes outside its memory if it is damaged.
    """
    found: list[int] = []
    at = 0
    while at < len(text):
        value = shift = 0
        more = True
        while more:
            bits = _DIGITS.index(text[at])
            value |= (bits & 0x1F) << shift
            more = bool(bits & 0x20)
            at, shift = at + 1, shift + 5
            if not more and bits & 0x10:
                value |= -1 << shift
        found.append(value + found[-2] if len(found) > 2 else value)  # noqa: PLR2004
    return found


def _is_polygon(numbers: object) -> bool:
    return (
        isinstance(numbers, Sequence)
        and not isinstance(numbers, str)
        and len(numbers) >= 2 * _LEAST_POINTS
        and len(numbers) % 2 == 0
        and all(isinstance(each, int | float) and abs(each) < _FAR for each in numbers)
    )


def _is_count(count: object) -> bool:
    return isinstance(count, int) and not isinstance(count, bool) and count >= 0
