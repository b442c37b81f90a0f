"""Charts of scores and their differences, with the baselines beside the runs."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nerveseg.params.train import BASELINES
from nerveseg.reporting.chart_style import INK, MUTED, RUN_MARK, panels, run_style
from nerveseg.reporting.results import Results

# measure, label, colour, hatch; the hatch distinguishes bars in black-and-white print.
LEADERBOARD_BARS: Final = (
    ("public", "public leaderboard", "#56B4E9", ""),
    ("private", "private leaderboard", "#0072B2", "////"),
    ("dice", "validation", "#E69F00", ""),
)
MAX_LEVEL_LABELS: Final = 6  # more run titles would touch, so they are rotated
DARK: Final = 0.55  # mean Dice below which cividis is dark enough to need white text


def leaderboard(results: Results) -> Figure:
    """Draw the Dice as bars, a group per run and baseline; Fig. 6 if there are test scores."""
    figure, (axes,) = panels(1, height=4.0)
    names = [*results.runs, *BASELINES]
    places = np.arange(len(names), dtype=np.float64)
    values = {
        measure: np.array([results.score(name, measure) for name in names])
        for measure, *_ in LEADERBOARD_BARS
    }
    shown = [bars for bars in LEADERBOARD_BARS if np.isfinite(values[bars[0]]).any()]
    width = 0.8 / len(shown)
    for index, (measure, label, colour, hatch) in enumerate(shown):
        at = places + (index - (len(shown) - 1) / 2) * width
        label = results.with_interval(label) if measure == "dice" else label
        look: dict[str, Any] = {"color": colour, "label": label, "hatch": hatch, "ec": "white"}
        axes.bar(at, values[measure], width * 0.92, lw=0, **look)
        # The better baseline, in the colour of the bars that it is to be compared with.
        axes.axhline(float(values[measure][-len(BASELINES) :].max()), color=colour, ls=":", lw=1.2)
        if measure == "dice":
            _interval_bars(axes, results, names, at)
    axes.set_xticks(places, [results.title(name) for name in names])
    if len(places) > MAX_LEVEL_LABELS:
        axes.tick_params(axis="x", rotation=25)
    axes.set(ylabel="mean Dice", ylim=(0, 1))
    axes.grid(axis="x", visible=False)
    figure.legend(ncols=5, loc="outside upper left", columnspacing=1.4, handlelength=1.8)
    return figure


def _interval_bars(
    axes: Axes, results: Results, names: Sequence[str], at: NDArray[np.float64]
) -> None:
    bounds = np.array([results.dice_interval(name) for name in names])
    axes.vlines(at, bounds[:, 0], bounds[:, 1], color=INK, lw=1.2)
    for end in bounds.T:
        axes.scatter(at, end, marker="_", s=22, color=INK, lw=1.2, zorder=4)


def comparison(results: Results) -> Figure:
    """Draw a forest plot of differences; hollow markers are indistinguishable from zero."""
    table = results.comparison
    figure, (axes,) = panels(1, width=7.6, height=1.0 + 0.36 * len(table))
    axes.axvline(0, color=MUTED, lw=1)
    for place, row in enumerate(table.to_dict("records")):
        style = run_style(results, str(row["run"]))
        bars = np.array([[row["difference"] - row["low"]], [row["high"] - row["difference"]]])
        marks = axes.errorbar(
            [row["difference"]], [place], xerr=bars, fmt=style.marker, color=style.colour, ms=7,
            capsize=3, lw=1.4, mfc=style.colour if row["separated"] else "none", mec=style.colour,
        )  # fmt: skip
        if row["run"] not in results.runs:
            continue
        for artist in (marks.lines[0], *marks.lines[1], *marks.lines[2]):
            artist.set_gid(RUN_MARK + str(row["run"]))
    axes.set_yticks(range(len(table)), [results.title(str(run)) for run in table["run"]])
    axes.set_ylim(len(table) - 0.4, -0.6)
    label = f"mean Dice minus that of {results.title(results.reference)}"
    axes.set_xlabel(results.with_interval(label))
    axes.tick_params(axis="y", length=0, colors=INK)
    axes.grid(axis="y", visible=False)
    return figure


def subjects(results: Results) -> Figure:
    """Draw the mean Dice as a heat map, a row per run and baseline and a column per subject."""
    frames = pd.concat([results.frames, *map(results.baseline_rows, BASELINES)])
    mean = frames.pivot_table(index="run", columns="subject", values="dice")
    names = [*results.runs, *BASELINES]
    values = mean.loc[names].to_numpy()
    rows, columns = values.shape
    figure, (axes,) = panels(1, width=9.4, height=0.9 + 0.32 * rows)
    mesh = axes.pcolormesh(values, cmap="cividis", vmin=0, vmax=1, edgecolors="white", lw=1)
    for row, column in np.ndindex(rows, columns):
        value = values[row, column]
        colour = "white" if value < DARK else "black"
        place = (column + 0.5, row + 0.5)
        axes.text(*place, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=8)
    axes.set_yticks(np.arange(rows) + 0.5, [results.title(name) for name in names])
    axes.set_xticks(np.arange(columns) + 0.5, [str(subject) for subject in mean.columns])
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("subject")
    bar = figure.colorbar(mesh, ax=axes, label="mean Dice", pad=0.01, aspect=12)
    bar.outline.set_visible(False)
    return figure
