"""The table of trainings: seeds, folds and subjects side by side, where there are several."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nerveseg.reporting.notices import notices
from nerveseg.reporting.results import Results
from nerveseg.reporting.training_table import between_seeds, training_table

COUNTED = "The maps of such a training count as much as those of the others of its run."


def trainings(rows: list[tuple[str, str, int, int, float]]) -> pd.DataFrame:
    columns = ["run", "training", "fold", "seed", "dice"]
    return pd.DataFrame(rows, columns=columns).assign(baseline=0.4)


def test_a_single_training_needs_no_table(results: Results) -> None:
    assert training_table(results).rows == []


def test_the_spread_between_seeds_is_pooled_over_folds() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, 4))
    rows = [("a", "x", fold, seed, values[fold, seed]) for fold in range(3) for seed in range(4)]
    expected = math.sqrt(values.var(axis=1, ddof=1).mean())
    assert between_seeds(trainings(rows)) == pytest.approx(expected)
    assert math.isnan(between_seeds(trainings([("a", "x", 0, 1, 0.5), ("a", "y", 1, 1, 0.7)])))


def test_each_run_has_a_row_with_its_trainings(results: Results) -> None:
    rows = [
        (run, name, fold, seed, 0.5 + 0.1 * fold + 0.02 * seed)
        for run in results.runs
        for name, fold, seed in (("first", 0, 1), ("fold1", 1, 1), ("seed2", 0, 2))
    ]
    table = training_table(replace(results, trainings=trainings(rows)))
    assert [row.cells[0].text for row in table.rows] == [results.title(r) for r in results.runs]
    _, each, mean, seeds, folds, subjects = table.rows[0].cells
    assert each.text == "0/1: 0.520, 1/1: 0.620, 0/2: 0.540"
    assert mean.value == pytest.approx(0.56)
    assert seeds.value == pytest.approx(0.02 / math.sqrt(2))
    assert folds.value == pytest.approx(0.09 / math.sqrt(2))
    frames = results.frames[results.frames["run"] == results.runs[0]]
    assert subjects.value == pytest.approx(frames.groupby("subject")["dice"].mean().std())


@pytest.mark.parametrize("dice", [0.3, 0.4])
def test_a_training_that_failed_among_several_is_named_at_the_top(
    results: Results, dice: float
) -> None:
    run = results.runs[0]
    rows = [(run, "first", 0, 1, 0.8), (run, "seed2", 0, 2, dice)]
    found = list(notices(replace(results, trainings=trainings(rows))))
    assert any(text.endswith(f"(fold/seed): {results.title(run)} 0/2. {COUNTED}") for text in found)
    assert len(found) == len(list(notices(results))) + 1


def test_good_trainings_are_not_named_at_the_top(results: Results) -> None:
    run = results.runs[0]
    rows = [(run, "first", 0, 1, 0.8), (run, "seed2", 0, 2, 0.5)]
    found = replace(results, trainings=trainings(rows))
    assert list(notices(found)) == list(notices(results))
