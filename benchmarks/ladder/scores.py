"""What the pipeline scored on one rung of a ladder."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nerveseg.submission import submission_csv
from nerveseg.submission.score import dice, read_solution


class Rung(NamedTuple):
    """One rung.

    Attributes:
        name: its name.
        run: the ensemble, or without one the run that is best on the validation frames.
        networks: number of trained networks behind its maps.
        validation: its mean Dice there, on `subjects` subjects; with all folds, out of fold.
        subjects: number of subjects.
        runs: run -> mean Dice on the validation frames and private score.
        private: private test image -> Dice.
    """

    name: str
    run: str
    networks: int
    validation: float
    subjects: int
    runs: dict[str, tuple[float, float]]
    private: dict[int, float]

    @property
    def score(self) -> float:
        """The private score."""
        return float(np.mean(list(self.private.values())))

    def words(self) -> str:
        """Return the scores in words."""
        where = f"validation {self.validation:.3f} over {self.subjects} subjects"
        return f"{self.run}, {where}, private {self.score:.3f}"


def read_rung(folder: Path, name: str, params: Mapping[str, Any]) -> Rung:
    """Return what the pipeline in `folder` has scored.

    Args:
        folder: the project.
        name: name of the rung.
        params: its parameters.
    """
    names = [*params["models"], *params["ensembles"]]
    scores = folder / "data/scores"
    found = {each: json.loads((scores / each / "scores.json").read_text()) for each in names}
    runs = {each: (row["dice"], row["private"]) for each, row in found.items()}
    # Chosen without a look at the test frames.
    run = max(params["ensembles"] or params["models"], key=lambda each: runs[each][0])
    trainings = 1 + len(params["trainings"])
    members = 1
    if params["ensembles"]:
        weights = json.loads((folder / "data/ensembles" / run / "weights.json").read_text())
        members = sum(weight > 0 for weight in weights["test"].values())
    with (scores / run / "frames.csv").open(newline="") as file:
        subjects = {row["subject"] for row in csv.DictReader(file)}
    return Rung(
        name,
        run,
        trainings * members,
        runs[run][0],
        len(subjects),
        runs,
        _private(folder, run),
    )


def _private(folder: Path, run: str) -> dict[int, float]:
    masks = submission_csv.read(folder / "submissions" / f"{run}.csv")
    truths = read_solution(folder / "data/verified/solution.csv")
    return {
        img: dice(masks[img], truth.pixels)
        for img, truth in truths.items()
        if truth.usage == "Private"
    }
