"""The scores of single trainings, and their means over folds and seeds."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from benchmarks.settings.plan import Name

from nerveseg.verdicts import EVERYTHING, NOTHING

BOARDS: Final = ("public", "private")

Frames = dict[tuple[int, int], tuple[float, bool]]
"""(subject, img) -> Dice, and whether the frame shows a nerve."""


class Scored(NamedTuple):
    """One combination that has been scored.

    Attributes:
        name: which combination.
        frames: its validation frames.
        boards: public and private score; NaN without a solution.
        baseline: mean Dice of the better of the all-empty submission and the best constant mask on
            the same frames.
        collapsed: whether the training outlines nothing or everything.
        seconds: seconds of training.
    """

    name: Name
    frames: Frames
    boards: dict[str, float]
    baseline: float
    collapsed: bool
    seconds: float


class Mean(NamedTuple):
    """The scores of a setting with one run and data set.

    Attributes:
        dataset: the data set.
        run: the run.
        setting: the setting.
        seeds: the seeds of which every fold has been scored; all values are means over them.
        dice: mean Dice of the validation frames of all folds.
        dice_seeds: standard deviation of `dice` over the seeds; NaN for a single one.
        baseline: mean Dice of the better baseline of each fold on the same frames.
        collapsed: how many of the trainings outline nothing or everything.
        dice_nerve: mean Dice of the frames with a nerve.
        public: public score, a mean over the folds.
        private: private score, likewise.
        private_seeds: standard deviation of `private` over the seeds.
        seconds: seconds of training per fold.
    """

    dataset: str
    run: str
    setting: str
    seeds: list[int]
    dice: float
    dice_seeds: float
    baseline: float
    collapsed: int
    dice_nerve: float
    public: float
    private: float
    private_seeds: float
    seconds: float


@dataclass(frozen=True)
class Cell:
    """All that has been scored of one data set, run and setting, by seed.

    Attributes:
        frames: seed -> validation frames of all folds.
        boards: seed -> public and private score.
        baseline: seed -> mean Dice of the better baseline of each fold.
        collapsed: seed -> how many of its trainings outline nothing or everything.
        seconds: seed -> seconds of training per fold.
    """

    frames: dict[int, Frames]
    boards: dict[int, dict[str, float]]
    baseline: dict[int, float]
    collapsed: dict[int, int]
    seconds: dict[int, float]


def read_scored(name: Name, folder: Path, seconds: float) -> Scored:
    """Read what the stage score wrote to `folder`."""
    with (folder / "frames.csv").open(newline="") as file:
        frames = {
            (int(row["subject"]), int(row["img"])): (
                float(row["dice"]),
                float(row["true_area"]) > 0,
            )
            for row in csv.DictReader(file)
        }
    scores = json.loads((folder / "scores.json").read_text())
    boards = {board: np.nan if scores[board] is None else scores[board] for board in BOARDS}
    baseline = scores["dice"] - scores["over_baseline"]
    collapsed = scores["verdict"] in (NOTHING, EVERYTHING)
    return Scored(name, frames, boards, baseline, collapsed, seconds)


def cells_of(scored: Iterable[Scored], folds: Sequence[int]) -> dict[tuple[str, str, str], Cell]:
    """Return (data set, run, setting) -> what is known of it; a seed needs all its folds."""
    by_name = {each.name: each for each in scored}
    cells: dict[tuple[str, str, str], Cell] = {}
    for name in by_name:
        parts = [by_name.get(name._replace(fold=fold)) for fold in folds]
        whole = [part for part in parts if part is not None]
        if name.fold != folds[0] or len(whole) < len(folds):
            continue
        cell = cells.setdefault(name[:3], Cell({}, {}, {}, {}, {}))
        cell.frames[name.seed] = {
            key: value for part in whole for key, value in part.frames.items()
        }
        cell.boards[name.seed] = {
            board: float(np.mean([part.boards[board] for part in whole])) for board in BOARDS
        }
        cell.baseline[name.seed] = float(
            np.average([part.baseline for part in whole], weights=[len(p.frames) for p in whole])
        )
        cell.collapsed[name.seed] = sum(part.collapsed for part in whole)
        cell.seconds[name.seed] = float(np.mean([part.seconds for part in whole]))
    return cells


def means_of(cells: dict[tuple[str, str, str], Cell]) -> list[Mean]:
    """Return the scores of every cell."""
    rows = []
    for (dataset, run, setting), cell in cells.items():
        dice = [np.mean([value for value, _ in each.values()]) for each in cell.frames.values()]
        nerve = [value for each in cell.frames.values() for value, shown in each.values() if shown]
        public, private = ([each[board] for each in cell.boards.values()] for board in BOARDS)
        rows.append(
            Mean(
                dataset,
                run,
                setting,
                list(cell.frames),
                float(np.mean(dice)),
                _deviation(dice),
                float(np.mean(list(cell.baseline.values()))),
                sum(cell.collapsed.values()),
                float(np.mean(nerve)) if nerve else float("nan"),
                float(np.mean(public)),
                float(np.mean(private)),
                _deviation(private),
                float(np.mean(list(cell.seconds.values()))),
            )
        )
    return rows


def _deviation(values: Sequence[float] | Sequence[np.floating]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
