"""The table of trainings: how far those of one run differ, beside how far subjects differ."""

import math
from typing import Final

import pandas as pd

from nerveseg.reporting.chart_style import css_colour
from nerveseg.reporting.results import Results
from nerveseg.reporting.table_cells import Column, Row, Table, number_cell, text_cell

COLUMNS: Final = (
    Column("Network", text=True),
    Column("Trainings", text=True, hint="fold/seed: mean validation Dice of the fold"),
    Column("Mean"),
    Column("SD, seeds", hint="between trainings on the same fold from different seeds"),
    Column("SD, folds", hint="between the means of folds"),
    Column("SD, subjects", hint="between the mean Dice of the judged subjects, all trainings used"),
)
CAPTION: Final = (
    "Each training by itself after its last epoch, on the validation frames of its fold at the "
    "packed size, without test-time augmentation and the rule of the masks; all other scores in "
    "this report are of a run's trainings together. A spread between folds includes that between "
    "their subjects."
)


def training_table(results: Results) -> Table:
    """Return one row for each run, if runs have several trainings; else no row."""
    runs = [run for run in results.runs if (results.trainings["run"] == run).any()]
    rows = [_row(results, run) for run in runs] if results.has_several_trainings else []
    return Table("Trainings", COLUMNS, rows, CAPTION)


def between_seeds(trainings: pd.DataFrame) -> float:
    """Return the standard deviation between seeds within a fold, pooled over folds.

    Args:
        trainings: one row per training of one run: fold, seed, dice.

    Returns:
        NaN if no fold was trained from two seeds.
    """
    groups = [group for _, group in trainings.groupby("fold")["dice"] if len(group) > 1]
    freedom = sum(len(group) - 1 for group in groups)
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    return math.sqrt(squares / freedom) if freedom else math.nan


def _row(results: Results, run: str) -> Row:
    trainings = results.trainings[results.trainings["run"] == run]
    frames = results.frames[results.frames["run"] == run]
    of_folds = trainings.groupby("fold")["dice"].mean()
    of_subjects = frames.groupby("subject")["dice"].mean()
    each = [f"{row.fold}/{row.seed}: {row.dice:.3f}" for row in trainings.itertuples()]
    cells = [
        text_cell(results.title(run), css_colour(results, run)),
        text_cell(", ".join(each)),
        number_cell(float(trainings["dice"].mean())),
        number_cell(between_seeds(trainings)),
        number_cell(float(of_folds.std())),
        number_cell(float(of_subjects.std())),
    ]
    return Row(cells, "ours" if run == results.reference else "")
