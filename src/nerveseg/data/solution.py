"""The outlines of the test images, where they are known: nothing but scoring reads them."""

from collections.abc import Collection
from pathlib import Path

from nerveseg.csv_reader import read_file
from nerveseg.errors import InputError
from nerveseg.submission.score import read_solution


def checked_solution(source: Path, test: Collection[int]) -> bytes:
    """Return the content of a solution that is fit to score against.

    Args:
        source: table img,pixels,Usage with one row per test image.
        test: numbers of the test images.

    Raises:
        InputError: malformed, a run outside the image, an unknown Usage, or other images.
    """
    known = read_solution(source).keys()
    for img in sorted(known - set(test))[:1]:
        raise InputError(f"{source}: img {img} is no test image of the archive; take the row out")
    for img in sorted(set(test) - known)[:1]:
        raise InputError(f"{source}: test image {img} has no row; add it")
    return read_file(source)
