"""The outlines of the test images, where they are known: nothing but scoring reads them."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

from nerveseg import rle
from nerveseg.data import tables
from nerveseg.errors import InputError

HEADER: Final = ("img", "pixels", "Usage")
USAGES: Final = ("Public", "Private")
NO_SOLUTION: Final = b"img,pixels,Usage\n"
"""What stands in for a solution where the test outlines are not known."""
_SIZE = rle.IMAGE_SHAPE[0] * rle.IMAGE_SHAPE[1]


def checked_solution(source: Path, test: Collection[int]) -> bytes:
    """Return the content of a solution that is fit to score against.

    Args:
        source: table img,pixels,Usage with one row per test image.
        test: numbers of the test images.

    Raises:
        InputError: malformed, a run outside the image, an unknown Usage, or other images.
    """
    content = tables.read_file(source)
    label = str(source)
    found: set[int] = set()
    for line, (img, pixels, usage) in tables.rows(content, HEADER, label):
        number = tables.number(img, label, line)
        _check_row(f"{label}: line {line}: img {number}", pixels, usage)
        if number in found or number not in test:
            fault = "there twice" if number in found else "no test image of the archive"
            raise InputError(f"{label}: line {line}: img {number} is {fault}; take the row out")
        found.add(number)
    for number in sorted(set(test) - found)[:1]:
        raise InputError(f"{label}: test image {number} has no row; add it")
    return content


def _check_row(where: str, pixels: str, usage: str) -> None:
    if usage not in USAGES:
        raise InputError(f"{where}: Usage is '{usage[:20]}'; write Public or Private")
    try:
        rle.runs(pixels, _SIZE)
    except InputError as error:
        raise InputError(f"{where}: {error}; correct the row") from error
