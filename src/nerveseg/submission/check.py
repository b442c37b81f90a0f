"""Checking a submission: its format, as the server does, and mistakes that the server accepts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from nerveseg.csv_reader import file_rows, parse_int
from nerveseg.errors import InputError
from nerveseg.submission import mask_orientation, submission_csv

COMPETITION_COUNT: Final = 5508
"""Number of test images of the competition; their ids are 1 to this number."""


def check(path: Path, expected: Sequence[int], *, orientation: bool = True) -> dict[int, str]:
    """Return the masks of a valid submission, id -> run lengths.

    Args:
        path: the submission.
        expected: the ids that it must hold, in this order.
        orientation: whether to reject also well-formed masks that were encoded in the wrong
            orientation or size; the competition's server accepts them.

    Raises:
        InputError: the submission is invalid; the message names the first bad row and the reason.
    """
    masks: dict[int, str] = {}
    ends: dict[str, int] = {}
    # A range answers at once, however long it is.
    known = expected if isinstance(expected, range) else set(expected)
    for line, (img, pixels) in file_rows(path, submission_csv.HEADER):
        location = f"{path}: line {line} (img {img[:20]})"
        found = parse_int(img, str(path), line)
        if found in masks:
            raise InputError(f"{location}: this id occurs twice; keep one row")
        if found not in known:
            raise InputError(f"{location}: there is no such test image; remove the row")
        _check_order(location, found, expected[len(masks)], len(masks))
        if end := _end_of_checked(location, pixels, orientation):
            ends[location] = end
        masks[found] = pixels.strip()  # a mask of blanks is empty, too
    if len(masks) < len(expected):
        raise InputError(
            f"{path}: ends after line {len(masks) + 1}: img {expected[len(masks)]} and "
            f"{len(expected) - len(masks) - 1} more are missing; every test image needs a row"
        )
    early = mask_orientation.all_end_early(list(ends.values()))
    if orientation and early and not _is_sample(masks):
        raise InputError(
            f"{next(iter(ends))}: this and all other masks lie in the first {max(ends.values())} "
            "of 243600 pixels, as in a smaller image: resize the masks to 420x580 before encoding"
        )
    return masks


def _is_sample(masks: Mapping[int, str]) -> bool:
    """Return whether all masks are the same single run, as in Kaggle's sample submission."""
    outlines = {pixels for pixels in masks.values() if pixels}
    return len(outlines) == 1 and len(outlines.pop().split()) == 2  # noqa: PLR2004


def _check_order(location: str, found: int, wanted: int, before: int) -> None:
    if found != wanted:
        raise InputError(
            f"{location}: expected img {wanted} here, after {before} rows: "
            "a row is missing or out of order; write one row per test image, sorted by id"
        )


def _end_of_checked(location: str, pixels: str, orientation: bool) -> int:
    """Return the number of the last pixel inside a checked mask, counted from 1; 0 if empty."""
    runs = submission_csv.check_pixels(location, pixels)
    if orientation and (mistake := mask_orientation.describe_mistake(runs)):
        raise InputError(f"{location}: {mistake}")
    return int(runs[-1, 1]) if len(runs) else 0
