"""The competition's score, computed from run lengths without decoding the masks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from nerveseg import rle
from nerveseg.csv_reader import file_rows, parse_int
from nerveseg.errors import InputError
from nerveseg.submission import submission_csv
from nerveseg.submission.check import check

SOLUTION_HEADER: Final = ("img", "pixels", "Usage")
USAGES: Final = ("Public", "Private", "Ignored")


class Truth(NamedTuple):
    """One row of a solution.

    Attributes:
        pixels: run lengths of the true mask.
        usage: Public, Private, or Ignored (part of neither score).
    """

    pixels: str
    usage: str


def score(path: Path, solution: Path) -> dict[str, float]:
    """Return the mean Dice over the public and over the private images of a solution.

    Args:
        path: the submission.
        solution: table img,pixels,Usage.

    Returns:
        `public` and `private`, 0..1; a score that the solution has no images for is left out.

    Raises:
        InputError: the submission is invalid, or the solution is malformed or has no rows.
    """
    truths = read_solution(solution)
    # Like the server, score every file in the right format, whatever its masks look like.
    masks = check(path, list(truths), orientation=False)
    found = {}
    for usage in ("Public", "Private"):
        pairs = [(masks[img], row.pixels) for img, row in truths.items() if row.usage == usage]
        if pairs:
            found[usage.lower()] = float(np.mean([dice(*pair) for pair in pairs]))
    return found


def agree(path: Path, other: Path) -> float:
    """Return the mean Dice between two submissions, 1 if all their masks are equal.

    Raises:
        InputError: one of them is malformed, or they describe different images.
    """
    masks, others = submission_csv.read(path), submission_csv.read(other)
    if not masks and not others:
        raise InputError(f"{path}: no rows to compare; give a submission with rows")
    if masks.keys() != others.keys():
        img = min(masks.keys() ^ others.keys())
        lacking = other if img in masks else path
        raise InputError(f"{lacking}: img {img} is missing; compare submissions of the same images")
    for name, rows in ((path, masks), (other, others)):
        _check_pixels(name, rows)
    return float(np.mean([dice(pixels, others[img]) for img, pixels in masks.items()]))


def read_solution(path: Path) -> dict[int, Truth]:
    """Return the rows of a solution, `img,pixels,Usage`, in numeric order, whatever the file's is.

    Raises:
        InputError: the file is unreadable, malformed or has no rows.
    """
    truths: dict[int, Truth] = {}
    for line, (img, pixels, usage) in file_rows(path, SOLUTION_HEADER):
        if usage not in USAGES:
            raise InputError(
                f"{path}: line {line}: Usage is '{usage[:20]}'; write Public, Private or Ignored"
            )
        submission_csv.check_pixels(f"{path}: line {line} (img {img[:20]})", pixels)
        known = parse_int(img, str(path), line)
        if known in truths:
            raise InputError(f"{path}: line {line} (img {img}): this id occurs twice; keep one row")
        truths[known] = Truth(pixels.strip(), usage)
    if not truths:
        raise InputError(f"{path}: the solution has no rows; give one with a row per test image")
    return dict(sorted(truths.items()))


def dice(one: str, other: str) -> float:
    """Return 2|A∩B| / (|A|+|B|) of two run-length encoded masks, 1 if both are empty.

    Raises:
        InputError: a mask is malformed.
    """
    runs, others = (rle.runs(pixels, submission_csv.SIZE) for pixels in (one, other))
    pixels = int(np.diff(runs).sum() + np.diff(others).sum())
    if pixels == 0:
        return 1.0
    covered = rle.covering(runs, others)
    return 2 * float((covered[:, 1] - covered[:, 0]).sum()) / pixels


def _check_pixels(path: Path, masks: Mapping[int, str]) -> None:
    for img, pixels in masks.items():
        submission_csv.check_pixels(f"{path}: img {img}", pixels)
