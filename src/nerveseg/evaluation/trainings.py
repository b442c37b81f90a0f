"""What each training of a run reached by itself, before their maps are averaged."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from nerveseg.errors import InputError
from nerveseg.evaluation.summary import curves_of
from nerveseg.params.trainings import FIRST, Training
from nerveseg.params.trainings import curves_of as path_of

DICE: Final = "valid/dice"


class TrainingResult(NamedTuple):
    """One training of one run.

    Attributes:
        run: the run.
        training: its name in the section `trainings`, or `first`.
        fold: its validation fold.
        seed: its seed.
        dice: mean Dice of the validation frames of that fold after the last epoch, at the packed
            size, without test-time augmentation and without the rule of the stage `decide`.
    """

    run: str
    training: str
    fold: int
    seed: int
    dice: float


def training_results(
    root: Path, runs: Iterable[str], trainings: Mapping[str, Training]
) -> list[TrainingResult]:
    """Return the result of every training of every run.

    Args:
        root: the folder that holds data/curves.
        runs: names of the runs.
        trainings: the trainings of each run by their names.

    Raises:
        InputError: a table of curves is missing or malformed.
    """
    results = []
    for run in runs:
        for name, training in trainings.items():
            path = root / path_of(run, name)
            stage = f"train@{run}" if name == FIRST else f"train_further@{run}-{name}"
            points = [point for point in curves_of(path, run, stage) if point.metric == DICE]
            if not points:
                raise InputError(f"{path}: no column {DICE}; run dvc repro -f {stage}")
            last = max(points, key=lambda point: point.epoch)
            results.append(TrainingResult(run, name, *training, last.value))
    return results
