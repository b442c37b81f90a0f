"""Result files, the paper's values beside ours, and the all-empty submission."""

import json
import math
from pathlib import Path

import pytest
from run_folder import table

from nerveseg.errors import InputError
from nerveseg.evaluation.paper import ROWS, compare_with_paper
from nerveseg.evaluation.result_files import parse_float, read_csv, read_json, write_csv, write_json
from nerveseg.evaluation.run_scores import all_empty_scores, leaderboard_scores

NAN = float("nan")


def solution(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "solution.csv"
    table(path, "img,pixels,Usage", list(rows))
    return path


def test_values_survive_a_file_and_nan_stays_nan(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_csv(path, ("name", "value"), [("a", 1 / 3), ("b", NAN), ("c", 7)])
    values = [parse_float(row["value"], path) for row in read_csv(path, ("name",), "score")]
    assert values[0] == pytest.approx(1 / 3, rel=1e-8)
    assert math.isnan(values[1])
    assert values[2] == 7


def test_json_has_null_for_nan(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    write_json(path, {"unet": {"dice": 1 / 3, "auc": NAN, "frames": 3}})
    assert json.loads(path.read_text()) == {"unet": {"dice": 0.333333, "auc": None, "frames": 3}}
    write_json(path, {"auc": NAN, "dice": 0.5})
    assert math.isnan(read_json(path, "score")["auc"])


def test_a_cell_that_is_not_a_number_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"frames\.csv: 'much' is not a number"):
        parse_float("much", tmp_path / "frames.csv")


def test_a_missing_table_is_named_with_its_stage(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: not readable .*dvc repro score@unet"):
        read_csv(tmp_path / "none.csv", (), "score@unet")


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


def test_the_papers_two_tables_agree_on_its_own_network() -> None:
    one, two = (row.values for row in ROWS if row.network == "rpa_apf")
    assert all(a == b for a, b in zip(one, two, strict=True) if not math.isnan(a))


def test_the_paper_has_four_ablations_and_seven_networks() -> None:
    assert [row.table for row in ROWS] == [1] * 4 + [2] * 7
    assert all(math.isnan(value) or 70 < value < 100 for row in ROWS for value in row.values)


def test_ours_is_in_percent_beside_the_papers() -> None:
    lines = {
        (line.table, line.network, line.metric): line
        for line in compare_with_paper({"unet": {"dice": 0.8}}, {"unet": "unet"})
    }
    line = lines[2, "unet", "dice"]
    assert (line.paper, line.ours) == (70.27, pytest.approx(80))
    assert line.difference == pytest.approx(9.73)
    assert math.isnan(lines[2, "danet", "dice"].ours)
    assert len(lines) == 11 * 5
