"""Fig. 6: public, private and validation Dice of every network."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nerveseg.reporting.palette import INK, MUTED
from nerveseg.reporting.results import Results
from nerveseg.reporting.svg import panels

# (measure, label, colour, hatch): the hatch tells the bars apart where colour does not print.
SERIES = (
    ("public", "public leaderboard", "#56B4E9", ""),
    ("private", "private leaderboard", "#0072B2", "////"),
    ("dice", "validation, 95% interval", "#E69F00", ""),
)

FIT = 6  # names side by side without touching


def draw(results: Results) -> Figure:
    """Return bars from zero, a group a network, with the all-empty submission as a line."""
    figure, (axes,) = panels(1, height=4.0)
    places = np.arange(len(results.networks), dtype=np.float64)
    values = {
        measure: np.array([results.score(name, measure) for name in results.networks])
        for measure, *_ in SERIES
    }
    shown = [series for series in SERIES if np.isfinite(values[series[0]]).any()]
    width = 0.8 / len(shown)
    for number, (measure, label, colour, hatch) in enumerate(shown):
        at = places + (number - (len(shown) - 1) / 2) * width
        how: dict[str, Any] = {"color": colour, "label": label, "hatch": hatch, "ec": "white"}
        axes.bar(at, values[measure], width * 0.92, lw=0, **how)
        if measure == "dice":
            interval(axes, results, at)
    for measure, dash in (("public", ":"), ("private", "--")):
        level = results.score(results.reference, f"empty_{measure}")
        if np.isfinite(level):
            axes.axhline(level, color=MUTED, ls=dash, lw=1.2, label=f"all-empty, {measure}")
    axes.set_xticks(places, [results.title(name) for name in results.networks])
    if len(places) > FIT:
        axes.tick_params(axis="x", rotation=25)
    axes.set(ylabel="mean Dice", ylim=(0, 1))
    axes.grid(axis="x", visible=False)
    figure.legend(ncols=5, loc="outside upper left", columnspacing=1.4, handlelength=1.8)
    return figure


def interval(axes: Axes, results: Results, at: NDArray[np.float64]) -> None:
    """Draw the intervals of the validation Dice at the places `at`."""
    bounds = np.array([results.interval(name) for name in results.networks])
    axes.vlines(at, bounds[:, 0], bounds[:, 1], color=INK, lw=1.2)
    for end in bounds.T:
        axes.scatter(at, end, marker="_", s=22, color=INK, lw=1.2, zorder=4)
