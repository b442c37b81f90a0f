"""Public and private scores, including those of the all-empty submission."""

import math
from pathlib import Path

import pytest
from run_folder import table

from nerveseg.evaluation.run_scores import all_empty_scores, leaderboard_scores


def solution(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "solution.csv"
    table(path, "img,pixels,Usage", list(rows))
    return path


def test_the_all_empty_submission_is_right_where_there_is_no_nerve(tmp_path: Path) -> None:
    rows = ["1,,Public", "2,5 6,Public", "3,,Private", "4,,Private", "5,1 1,Private"]
    scores = all_empty_scores(solution(tmp_path, *rows, "6,,Ignored"))
    assert scores == {"public": 0.5, "private": pytest.approx(2 / 3)}


def test_a_leaderboard_without_images_has_no_score(tmp_path: Path) -> None:
    submission = tmp_path / "unet.csv"
    table(submission, "img,pixels", ["1,5 6"])
    scores = leaderboard_scores(submission, solution(tmp_path, "1,5 6,Private"))
    assert scores["private"] == 1
    assert scores["empty_private"] == 0
    assert math.isnan(scores["public"])
    assert math.isnan(scores["empty_public"])


def test_without_a_solution_no_submission_is_looked_at(tmp_path: Path) -> None:
    scores = leaderboard_scores(tmp_path / "none.csv", solution(tmp_path))
    assert all(math.isnan(value) for value in scores.values())
