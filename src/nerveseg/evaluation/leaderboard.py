"""Public and private scores against a solution, and those of the all-empty submission."""

import math
from pathlib import Path
from typing import Final

from nerveseg.csv_reader import file_rows
from nerveseg.submission.score import SOLUTION_HEADER, score

BOARDS: Final = ("public", "private")


def leaderboard(submission: Path, solution: Path) -> dict[str, float]:
    """Return the scores public, private, empty_public and empty_private.

    NaN where the solution has no image for a score; all of them without a solution.

    Args:
        submission: img,pixels.
        solution: img,pixels,Usage; only a header where the test outlines are not known.

    Raises:
        InputError: a file is missing or malformed, or they are of different images.
    """
    empty = empty_scores(solution)
    scores = dict.fromkeys(BOARDS, float("nan"))
    if not all(math.isnan(value) for value in empty.values()):
        scores |= score(submission, solution)
    return scores | {f"empty_{board}": value for board, value in empty.items()}


def empty_scores(solution: Path) -> dict[str, float]:
    """Return what a submission without any mask scores on each leaderboard.

    An image without a nerve scores 1, any other 0. NaN where the solution has no image.

    Raises:
        InputError: the file is missing or malformed.
    """
    rows = [fields for _, fields in file_rows(solution, SOLUTION_HEADER)]
    return {board: _share_of_empty(rows, board) for board in BOARDS}


def _share_of_empty(rows: list[list[str]], board: str) -> float:
    empty = [not pixels for _, pixels, usage in rows if usage.lower() == board]
    return sum(empty) / len(empty) if empty else float("nan")
