"""The competition's score, straight from run lengths."""

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
        pixels: run-length encoded mask.
        usage: Public, Private, or Ignored (counted by neither score).
    """

    pixels: str
    usage: str


def score(path: Path, solution: Path) -> dict[str, float]:
    """Return the mean Dice over the public and over the private images of a solution.

    Returns:
        `public` and `private`, 0..1; without the one that the solution has no images for.

    Raises:
        InputError: the submission is not as it should be, or the solution has no rows.
    """
    truths = read_solution(solution)
    # What the server takes it scores, slips and all.
    masks = check(path, list(truths), slips=False)
    found = {}
    for usage in ("Public", "Private"):
        pairs = [(masks[img], row.pixels) for img, row in truths.items() if row.usage == usage]
        if pairs:
            found[usage.lower()] = float(np.mean([dice(*pair) for pair in pairs]))
    return found


def agree(path: Path, other: Path) -> float:
    """Return the mean Dice between two submissions: 1 if they outline the same.

    Raises:
        InputError: one is malformed, or they are of different images.
    """
    masks, others = submission_csv.read(path), submission_csv.read(other)
    if not masks and not others:
        raise InputError(f"{path}: no rows; there is nothing to compare")
    if masks.keys() != others.keys():
        odd = min(masks.keys() ^ others.keys())
        lacking = other if odd in masks else path
        raise InputError(f"{lacking}: img {odd} is missing; compare submissions of the same images")
    for name, rows in ((path, masks), (other, others)):
        _check_pixels(name, rows)
    return float(np.mean([dice(pixels, others[img]) for img, pixels in masks.items()]))


def read_solution(path: Path) -> dict[int, Truth]:
    """Return the rows of a solution, `img,pixels,Usage`, in the order of the file.

    Raises:
        InputError: unreadable, malformed or without rows.
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
            raise InputError(f"{path}: line {line} (img {img}): this id came before; keep one row")
        truths[known] = Truth(pixels, usage)
    if not truths:
        raise InputError(f"{path}: the solution has no rows; there is nothing to score against")
    return truths


def dice(one: str, other: str) -> float:
    """Return 2|A∩B| / (|A|+|B|) of two run-length encoded masks, 1 where both are empty.

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
