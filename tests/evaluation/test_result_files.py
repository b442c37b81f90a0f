"""Result files are read as they were written, NaN included."""

import json
import math
from pathlib import Path

import pytest

from nerveseg.errors import InputError
from nerveseg.evaluation.result_files import parse_float, read_csv, read_json, write_csv, write_json

NAN = float("nan")


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
    assert math.isnan(float(read_json(path, "score")["auc"]))


def test_a_cell_that_is_not_a_number_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"frames\.csv: 'much' is not a number"):
        parse_float("much", tmp_path / "frames.csv")


def test_a_missing_table_is_named_with_its_stage(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: not readable .*dvc repro score@unet"):
        read_csv(tmp_path / "none.csv", (), "score@unet")
