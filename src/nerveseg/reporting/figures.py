"""Charts of learning, difficulty, probabilities and cost as matplotlib figures.

`nerveseg.reporting.charts` adds titles and captions. Every public function takes the results and
returns a figure.
"""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from nerveseg.params.train import CONSTANT_MASK
from nerveseg.reporting.chart_style import (
    MUTED,
    baseline_lines,
    legend,
    no_data,
    panels,
    run_line,
    run_style,
)
from nerveseg.reporting.results import Results

CURVES: Final = (("train/loss", "training loss"), ("valid/dice", "validation Dice"))
# column of the frames, label of the axis, factor to its unit
DIFFICULTIES: Final = (
    ("true_area", "annotated area (1000 pixels)", 1e-3),
    ("contrast", "contrast-to-noise ratio of the nerve", 1.0),
)
MAX_BINS: Final = 5
MIN_FRAMES_PER_BIN: Final = 8  # the mean of fewer frames is mostly noise
F1_LEVELS: Final = (0.5, 0.6, 0.7, 0.8, 0.9)
# measure, label of the axis, factor to its unit
COSTS: Final = (
    ("parameters", "parameters (millions)", 1e-6),
    ("gmacs", "multiply-adds per frame (1e9)", 1.0),
    ("latency_relative", "latency (multiples of a fixed convolution)", 1.0),
)


def learning_curves(results: Results) -> Figure:
    """Draw the training loss and the validation Dice by epoch."""
    figure, axes = panels(2)
    for panel, (measure, label) in zip(axes, CURVES, strict=True):
        points = results.curves[results.curves["metric"] == measure]
        if points.empty:
            no_data(panel, f"{label}: not logged")
            continue
        for run in results.runs:
            rows = points[points["run"] == run].sort_values("epoch")
            if rows.empty:  # an ensemble is not trained
                continue
            every = max(1, len(rows) // 8)
            run_line(panel, results, run, rows["epoch"] + 1, rows["value"], markevery=every)
        if measure == "valid/dice":
            baseline_lines(panel, results)
        panel.set(xlabel="epoch", ylabel=label)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    legend(axes[-1])
    return figure


def difficulty(results: Results) -> Figure:
    """Draw Dice against the nerve's size and contrast: means per bin, the reference's frames."""
    figure, axes = panels(2)
    nerves = results.frames[results.frames["true_area"] > 0].dropna(subset=["contrast"])
    for panel, (column, label, factor) in zip(axes, DIFFICULTIES, strict=True):
        if nerves.empty:
            no_data(panel, "no frame with a nerve")
            continue
        rows = pd.concat([nerves, _constant_mask(results, nerves)], ignore_index=True)
        _dice_by_quantile(panel, results, rows.assign(x=rows[column] * factor))
        panel.set(xlabel=label, ylabel="Dice", ylim=(-0.02, 1.02))
    if not nerves.empty:
        legend(axes[-1])
    return figure


def _constant_mask(results: Results, nerves: pd.DataFrame) -> pd.DataFrame:
    rows = results.baseline_rows(CONSTANT_MASK)
    return rows[rows["id"].isin(nerves["id"])]


def _dice_by_quantile(axes: Axes, results: Results, nerves: pd.DataFrame) -> None:
    dots = nerves[nerves["run"] == results.reference]
    colour = run_style(results, results.reference).colour
    # Rasterised, because thousands of dots as vectors would be most of the page's size.
    axes.scatter(dots["x"], dots["dice"], s=13, color=colour, alpha=0.35, lw=0, rasterized=True)
    bins = int(np.clip(len(dots) // MIN_FRAMES_PER_BIN, 1, MAX_BINS))
    edges = np.unique(np.quantile(dots["x"], np.linspace(0, 1, bins + 1)))
    for run in [*results.runs, CONSTANT_MASK]:
        rows = nerves[nerves["run"] == run]
        place = np.clip(np.searchsorted(edges, rows["x"], side="right") - 1, 0, len(edges) - 2)
        means = rows.groupby(place)[["x", "dice"]].mean()
        run_line(axes, results, run, means["x"], means["dice"])


def reliability(results: Results) -> Figure:
    """Draw the observed against the predicted probability, and the distribution of the pixels."""
    figure, (left, right) = panels(2)
    left.plot([0, 1], [0, 1], color=MUTED, lw=1, ls=":", zorder=1)
    for run in results.runs:
        rows = results.calibration[results.calibration["run"] == run]
        rows = rows[rows["pixels"] > 0]
        run_line(left, results, run, rows["predicted"], rows["observed"])
        run_line(right, results, run, rows["predicted"], rows["pixels"] / rows["pixels"].sum())
    left.set(xlabel="predicted probability", ylabel="share that is nerve", xlim=(0, 1), ylim=(0, 1))
    left.set_aspect("equal", anchor="W")
    right.set(xlabel="predicted probability", ylabel="share of pixels", yscale="log", xlim=(0, 1))
    legend(right)
    return figure


def precision_recall(results: Results) -> Figure:
    """Draw precision against recall of nerve presence, over lines of equal F1."""
    figure, (axes,) = panels(1, width=7.4, height=4.6)
    if reason := only_kind(results):
        no_data(axes, reason)
        return figure
    for level in F1_LEVELS:
        recall = np.linspace(level / 2 + 1e-3, 1, 100)
        precision = level * recall / (2 * recall - level)
        keep = precision <= 1
        axes.plot(recall[keep], precision[keep], color=MUTED, lw=0.6, alpha=0.6, zorder=1)
        axes.text(1.005, level / (2 - level), f"F1 {level}", fontsize=7.5, color=MUTED, va="center")
    for run in results.runs:
        rows = results.presence[results.presence["run"] == run].sort_values("threshold")
        rows = rows.dropna(subset=["precision", "recall"])
        every = max(1, len(rows) // 10)
        run_line(axes, results, run, rows["recall"], rows["precision"], markevery=every)
    share = [results.score(CONSTANT_MASK, f"presence_{name}") for name in ("recall", "precision")]
    if np.isfinite(share).all():
        run_line(axes, results, CONSTANT_MASK, share[:1], share[1:], ls="none", clip_on=False)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.01))
    legend(axes, bbox_to_anchor=(1.1, 1.02))
    return figure


def only_kind(results: Results) -> str:
    """Return which kind of frames is missing for precision and recall; '' if there are both."""
    nerve = results.rows_of_reference["true_area"] > 0
    if not nerve.any():
        return "no frame with a nerve"
    return "no frame without a nerve" if nerve.all() else ""


def cost(results: Results) -> Figure:
    """Draw Dice against parameters, multiply-adds and latency, each with its Pareto front."""
    figure, axes = panels(3, width=10.6)
    runs = [run for run in results.runs if run in results.costs]
    dice = np.array([results.score(run, "dice") for run in runs])
    for panel, (measure, label, factor) in zip(axes, COSTS, strict=True):
        costs = np.array([results.costs[run][measure] * factor for run in runs])
        for run, x, y in zip(runs, costs, dice, strict=True):
            run_line(panel, results, run, [x], [y], ls="none", ms=8)
            colour = run_style(results, run).colour
            panel.vlines(x, *results.dice_interval(run), color=colour, lw=0.9, alpha=0.55)
            if measure == "latency_relative":
                ends = [results.costs[run][f"{measure}_{end}"] for end in ("low", "high")]
                panel.hlines(y, *ends, color=colour, lw=0.9, alpha=0.55)
        _pareto_front(panel, costs, dice)
        baseline_lines(panel, results)
        panel.set(xlabel=label, xscale="log")
        panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.xaxis.set_major_formatter("{x:g}")
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.margins(x=0.12)
    axes[0].set_ylabel(results.with_interval("validation Dice"))
    legend(axes[-1])
    return figure


def _pareto_front(axes: Axes, costs: NDArray[np.float64], dice: NDArray[np.float64]) -> None:
    order = np.lexsort((-dice, costs))
    best = np.maximum.accumulate(dice[order])
    kept = [at for at, top in zip(order, np.r_[-np.inf, best[:-1]], strict=True) if dice[at] > top]
    axes.step(costs[kept], dice[kept], where="post", color=MUTED, lw=1, ls="--", zorder=1)
