"""The report says by which rule masks are made, and what the others gain."""

from dataclasses import replace
from typing import Any

import pytest

from nerveseg.inference.decision_file import Decision, Gain
from nerveseg.inference.rule import Rule, Sure
from nerveseg.reporting.decision_table import decision_table, decision_words, described
from nerveseg.reporting.results import Results

RULE = Rule(
    name="triplet",
    threshold=0.3,
    min_blob=1000,
    min_total=0,
    sure=Sure(threshold=0.8, pixels=500),
)


def gain(kind: str, value: float, half: float | None) -> Gain:
    low, high = (None, None) if half is None else (value - half, value + half)
    return Gain(kind=kind, dice=0.7 + value, gain=value, low=low, high=high)


def fitted(results: Results, half: float | None) -> Results:
    kinds = {"fixed": 0.0, "area": 0.012, "triplet": 0.03, "presence": -0.01, "best": 0.02}
    gains = [gain(kind, value, half) for kind, value in kinds.items()]
    decision = Decision(kind="best", test=RULE, validation=[], compared=gains, test_nerves=0.47)
    decisions: dict[str, Any] = {**results.decisions, "unet": decision.model_dump()}
    return replace(results, decisions=decisions)


def test_a_fixed_rule_is_a_sentence_and_no_table(results: Results) -> None:
    assert decision_table(results).rows == []
    said = decision_words(results)
    assert said.endswith("the same fixed rule: pixels with a probability of at least 0.5.")


def test_a_fitted_rule_has_a_row_with_every_gain_and_its_interval(results: Results) -> None:
    table = decision_table(fitted(results, 0.05))
    (row,) = table.rows
    assert len(row.cells) == len(table.columns)
    plain = str.maketrans({"\N{MINUS SIGN}": "-", "\N{NO-BREAK SPACE}": " "})
    texts = [cell.text.translate(plain) for cell in row.cells]
    assert texts[0] == "U-Net"
    assert texts[1].startswith("triplet: pixels with a probability of at least 0.3, without blobs")
    assert texts[1].endswith(
        "if at least 500 have 0.8 or more, for 47% of test frames with a nerve"
    )
    assert texts[2] == "0.700"
    assert texts[5:6] == ["+0.012 (-0.038 to +0.062)"]
    assert texts[7] == "-0.010 (-0.060 to +0.040)"
    assert "fitted" in decision_words(fitted(results, 0.05))


def test_too_few_subjects_leave_the_gain_without_an_interval(results: Results) -> None:
    (row,) = decision_table(fitted(results, None)).rows
    assert row.cells[6].text == "+0.030"


@pytest.mark.parametrize(("kind", "redrawn"), [("shape", True), ("sweep", False)])
def test_a_prior_of_shape_is_said(results: Results, kind: str, redrawn: bool) -> None:
    decisions: dict[str, Any] = {
        run: {**results.decisions[run], "kind": kind} for run in results.runs
    }
    assert ("redrawn" in decision_words(replace(results, decisions=decisions))) == redrawn


def test_a_least_area_is_said() -> None:
    rule = Rule(name="area", threshold=0.5, min_blob=0, min_total=2000).model_dump()
    assert described(rule).endswith("at least 0.5, if at least 2000 remain")
