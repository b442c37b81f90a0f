"""The paper's values, and ours beside them."""

import math

import pytest

from nerveseg.evaluation.paper import ROWS, compare_with_paper


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
    assert line.paper == 70.27
    assert line.ours == pytest.approx(80)
    assert line.difference == pytest.approx(9.73)
    assert math.isnan(lines[2, "danet", "dice"].ours)
    assert len(lines) == 11 * 5
