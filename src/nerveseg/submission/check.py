"""Checking a submission as the competition's server would, and for slips that it would score."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nerveseg.csv_reader import file_rows, parse_int
from nerveseg.errors import InputError
from nerveseg.submission import mask_orientation, submission_csv

COMPETITION_COUNT: Final = 5508
"""Test images of the competition: ids 1 to this, in numeric order."""


def check(path: Path, expected: Sequence[int], *, slips: bool = True) -> dict[int, str]:
    """Return the masks of a submission that is as it should be.

    Args:
        path: the submission.
        expected: the ids that it must hold, in this order.
        slips: look also for well-formed masks in the wrong orientation or size; without it a
            file passes that the competition's server would take.

    Raises:
        InputError: it is not; the message names the first bad row and why it is bad.
    """
    masks: dict[int, str] = {}
    ends: dict[str, int] = {}
    known = set(expected)
    for line, (img, pixels) in file_rows(path, submission_csv.HEADER):
        place = f"{path}: line {line} (img {img[:20]})"
        found = parse_int(img, str(path), line)
        if found in masks:
            raise InputError(f"{place}: this id came before; keep one row of each")
        if found not in known:
            raise InputError(f"{place}: there is no such test image; remove the row")
        _check_order(place, found, expected[len(masks)], masks)
        if end := _end_of_checked(place, pixels, slips):
            ends[place] = end
        masks[found] = pixels
    if len(masks) < len(expected):
        raise InputError(
            f"{path}: ends after line {len(masks) + 1}: img {expected[len(masks)]} and "
            f"{len(expected) - len(masks) - 1} more are missing; every test image needs a row"
        )
    if slips and mask_orientation.cramped(list(ends.values())):
        raise InputError(
            f"{next(iter(ends))}: this and every other mask lies in the first {max(ends.values())} "
            "of 243600 pixels, as in a smaller image: resize the masks to 420x580 before encoding"
        )
    return masks


def _check_order(place: str, found: int, wanted: int, before: dict[int, str]) -> None:
    if found != wanted:
        raise InputError(
            f"{place}: expected img {wanted} here, after {len(before)} rows: "
            "a row is missing or out of order; sort the rows by id, one for every test image"
        )


def _end_of_checked(place: str, pixels: str, slips: bool) -> int:
    """Return the number of the last pixel inside, 0 for none."""
    runs = submission_csv.check_pixels(place, pixels)
    if slips and (slip := mask_orientation.misread(runs)):
        raise InputError(f"{place}: {slip}")
    return int(runs[-1, 1]) if len(runs) else 0
