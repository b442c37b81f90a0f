"""Paired differences between settings, with intervals over subjects and the spread over seeds."""

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from benchmarks import plain_loop
from benchmarks.settings.plan import PLAIN
from benchmarks.settings.scores import Cell
from numpy.typing import ArrayLike, NDArray

from nerveseg.evaluation.clustered import clustered_means
from nerveseg.evaluation.compare import compare

LEVEL: Final = 0.95
ALL_RUNS: Final = "mean of the runs"


class Difference(NamedTuple):
    """A setting compared with the reference on the same frames, seeds averaged.

    Attributes:
        dataset: the data set.
        run: the run, or `ALL_RUNS`.
        setting: the setting.
        reference: the setting that it is compared with.
        seeds: the seeds that all compared settings have.
        frames: number of frames.
        subjects: number of subjects.
        dice: difference in mean Dice.
        low: lower end of its confidence interval over subjects.
        high: upper end.
        p: its p-value, with Holm's correction for the number of settings.
        verdict: better, worse, not separable or too few subjects.
        by_seed: the difference in every seed.
        dice_nerve: difference in mean Dice of the frames with a nerve.
        nerve_low: lower end of its confidence interval over subjects.
        nerve_high: upper end.
        private: difference in private score.
        private_by_seed: this difference in every seed.
        seconds_ratio: seconds of training, divided by the reference's.
    """

    dataset: str
    run: str
    setting: str
    reference: str
    seeds: list[int]
    frames: int
    subjects: int
    dice: float
    low: float
    high: float
    p: float
    verdict: str
    by_seed: list[float]
    dice_nerve: float
    nerve_low: float
    nerve_high: float
    private: float
    private_by_seed: list[float]
    seconds_ratio: float


def differences_of(
    cells: dict[tuple[str, str, str], Cell], settings: Sequence[str]
) -> list[Difference]:
    """Compare every other setting with the first for each run, and for the runs together.

    Every setting is compared with the plain loop as well, if there is one.
    """
    rows = []
    for dataset in dict.fromkeys(name[0] for name in cells):
        plain = cells.get((dataset, plain_loop.NAME, PLAIN))
        grids: list[dict[str, Cell]] = []
        beside = []
        for run in dict.fromkeys(name[1] for name in cells if name[0] == dataset):
            grid = {
                each: cells[dataset, run, each]
                for each in settings
                if (dataset, run, each) in cells
            }
            if settings[0] in grid and len(grid) > 1:
                grids.append(grid)
                rows += _compared(dataset, run, [grid])
            if plain and grid:
                beside += _compared(dataset, run, [{PLAIN: plain, **grid}])
        if len(grids) > 1 and len({tuple(grid) for grid in grids}) == 1:
            rows += _compared(dataset, ALL_RUNS, grids)
        rows += beside
    return rows


def runs_compared(
    cells: dict[tuple[str, str, str], Cell], runs: Sequence[str], setting: str
) -> list[Difference]:
    """Compare every other run with the first, under one setting, as `differences_of` settings."""
    rows = []
    for dataset in dict.fromkeys(name[0] for name in cells):
        grid = {
            run: cells[dataset, run, setting] for run in runs if (dataset, run, setting) in cells
        }
        if runs[0] in grid and len(grid) > 1:
            rows += [
                row._replace(run=row.setting, setting=setting)
                for row in _compared(dataset, "", [grid])
            ]
    return rows


def _compared(dataset: str, run: str, grids: Sequence[dict[str, Cell]]) -> list[Difference]:
    """Compare the settings of one run, or of several that are averaged, with the first setting."""
    every = [cell for grid in grids for cell in grid.values()]
    seeds = sorted(set.intersection(*(set(cell.frames) for cell in every)))
    scored = [set(cell.frames[seed]) for cell in every for seed in seeds]
    keys = sorted(set.intersection(*scored)) if scored else []
    if not keys:
        return []
    settings = list(grids[0])
    subject = np.array([key[0] for key in keys])
    nerve = np.array([every[0].frames[seeds[0]][key][1] for key in keys])
    by_seed = _averaged(grids, lambda cell: _dice(cell, seeds, keys))
    private = _averaged(grids, lambda cell: [cell.boards[seed]["private"] for seed in seeds])
    seconds = _averaged(grids, lambda cell: [cell.seconds[seed] for seed in seeds])
    by_frame = by_seed.mean(axis=1).T
    on_nerves = clustered_means(by_frame[nerve], subject[nerve]).minus(0) if nerve.any() else None
    means = clustered_means(by_frame, subject)
    return [
        Difference(
            dataset=dataset,
            run=run,
            setting=row.run,
            reference=row.reference,
            seeds=seeds,
            frames=row.frames,
            subjects=row.subjects,
            dice=row.difference,
            low=row.low,
            high=row.high,
            p=row.t_test_holm,
            verdict=row.verdict,
            by_seed=(by_seed[k] - by_seed[0]).mean(axis=1).tolist(),
            dice_nerve=float(on_nerves.mean[k]) if on_nerves else math.nan,
            nerve_low=on_nerves.interval(k, LEVEL).low if on_nerves else math.nan,
            nerve_high=on_nerves.interval(k, LEVEL).high if on_nerves else math.nan,
            private=float((private[k] - private[0]).mean()),
            private_by_seed=(private[k] - private[0]).tolist(),
            seconds_ratio=float(seconds[k].mean() / seconds[0].mean()),
        )
        for k, row in enumerate(
            compare(settings, settings[0], by_frame, subject, means=means, level=LEVEL), start=1
        )
    ]


def _dice(cell: Cell, seeds: Sequence[int], keys: Sequence[tuple[int, int]]) -> list[list[float]]:
    """Return the Dice of the frames `keys` for every seed."""
    return [[cell.frames[seed][key][0] for key in keys] for seed in seeds]


def _averaged(
    grids: Sequence[dict[str, Cell]], values: Callable[[Cell], ArrayLike]
) -> NDArray[np.float64]:
    """Return the values of every setting, a mean over the grids; an array with settings first."""
    every = [[values(cell) for cell in grid.values()] for grid in grids]
    averaged: NDArray[np.float64] = np.array(every, dtype=np.float64).mean(axis=0)
    return averaged
