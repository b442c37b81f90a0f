"""What each training of a run reached by itself, before their maps are averaged."""

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from nerveseg.data.split_table import read_split
from nerveseg.errors import InputError
from nerveseg.evaluation.baselines import Baselines
from nerveseg.evaluation.summary import curves_of
from nerveseg.params.trainings import FIRST, Training
from nerveseg.params.trainings import curves_of as path_of

DICE: Final = "valid/dice"

log = logging.getLogger(__name__)


class TrainingResult(NamedTuple):
    """One training of one run.

    Attributes:
        run: the run.
        training: its name in the section `trainings`, or `first`.
        fold: its validation fold.
        seed: its seed.
        dice: mean Dice of the validation frames of that fold after the last epoch, at the packed
            size, without test-time augmentation and without the rule of the stage `decide`.
        baseline: mean Dice of the better of the two baselines on these frames; NaN if there are
            none.
    """

    run: str
    training: str
    fold: int
    seed: int
    dice: float
    baseline: float


def training_results(
    root: Path,
    runs: Iterable[str],
    trainings: Mapping[str, Training],
    baselines: Baselines,
) -> list[TrainingResult]:
    """Return the result of every training of every run.

    Args:
        root: the folder that holds data/curves and data/split.csv.
        runs: names of the runs.
        trainings: the trainings of each run by their names.
        baselines: the scores of the baselines.

    Raises:
        InputError: a table of curves, or the split, is missing or malformed.
    """
    baseline = _baseline_of_folds(baselines, root / "data/split.csv")
    results = []
    for run in runs:
        for name, training in trainings.items():
            path = root / path_of(run, name)
            stage = f"train@{run}" if name == FIRST else f"train_further@{run}-{name}"
            points = [point for point in curves_of(path, run, stage) if point.metric == DICE]
            if not points:
                raise InputError(f"{path}: no column {DICE}; run dvc repro -f {stage}")
            last = max(points, key=lambda point: point.epoch)
            bar = baseline.get(training.fold, math.nan)
            results.append(TrainingResult(run, name, *training, last.value, bar))
    return results


def _baseline_of_folds(baselines: Baselines, split: Path) -> dict[int, float]:
    """Return fold -> mean Dice of the better baseline on the validation frames of that fold."""
    fold_of = {(row.subject, row.img): row.fold for row in read_split(split)}
    folds = np.array([fold_of[key] for key in baselines.keys])
    return {
        fold: max(float(dice[folds == fold].mean()) for dice in baselines.dice.values())
        for fold in np.unique(folds).tolist()
    }


def warn(results: Sequence[TrainingResult]) -> None:
    """Log each of several trainings of a run that is no better than the better baseline.

    The verdict on a run judges its trainings together, in which one that failed can hide.
    """
    if len({result.training for result in results}) == 1:
        return
    for result in results:
        if result.dice <= result.baseline:
            log.warning(
                "%s, training %s: validation Dice %.4f, no higher than that of a constant mask or "
                "of an empty one, %.4f", result.run, result.training, result.dice, result.baseline,
            )  # fmt: skip
