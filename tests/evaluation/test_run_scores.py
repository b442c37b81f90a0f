"""Public and private scores."""

import math
from pathlib import Path

from run_folder import table

from nerveseg.evaluation.run_scores import leaderboard_scores


def solution(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "solution.csv"
    table(path, "img,pixels,Usage", list(rows))
    return path


def test_a_leaderboard_without_images_has_no_score(tmp_path: Path) -> None:
    submission = tmp_path / "unet.csv"
    table(submission, "img,pixels", ["1,5 6"])
    scores = leaderboard_scores(submission, solution(tmp_path, "1,5 6,Private"))
    assert scores["private"] == 1
    assert math.isnan(scores["public"])


def test_without_a_solution_no_submission_is_looked_at(tmp_path: Path) -> None:
    scores = leaderboard_scores(tmp_path / "none.csv", solution(tmp_path))
    assert all(math.isnan(value) for value in scores.values())
