"""Accuracy against cost: parameters, multiply-adds, latency."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

from nerveseg.reporting.figures.marks import legend, line
from nerveseg.reporting.palette import MUTED
from nerveseg.reporting.results import Results
from nerveseg.reporting.svg import panels

PANELS = (
    ("parameters", "parameters (millions)", 1e-6),
    ("gmacs", "multiply-adds per frame (1e9)", 1.0),
    ("latency_ms", "latency per frame (ms)", 1.0),
)


def draw(results: Results) -> Figure:
    """Return a panel a cost; the step joins the networks that none beats on both."""
    figure, axes = panels(3, width=10.6)
    networks = [name for name in results.networks if name in results.costs]
    dice = np.array([results.score(name, "dice") for name in networks])
    for one, (measure, label, scale) in zip(axes, PANELS, strict=True):
        cost = np.array([results.costs[name][measure] * scale for name in networks])
        for name, x, y in zip(networks, cost, dice, strict=True):
            line(one, results, name, [x], [y], ls="none", ms=8)
            colour = results.styles[name].colour
            one.vlines(x, *results.interval(name), color=colour, lw=0.9, alpha=0.55)
        _front(one, cost, dice)
        one.set(xlabel=label, xscale="log")
        one.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        one.xaxis.set_major_formatter("{x:g}")
        one.xaxis.set_minor_formatter(NullFormatter())
        one.margins(x=0.12)
    axes[0].set_ylabel("validation Dice, 95% interval")
    legend(axes[-1])
    return figure


def _front(axes: Axes, cost: NDArray[np.float64], dice: NDArray[np.float64]) -> None:
    order = np.lexsort((-dice, cost))
    best = np.maximum.accumulate(dice[order])
    kept = [at for at, top in zip(order, np.r_[-np.inf, best[:-1]], strict=True) if dice[at] > top]
    axes.step(cost[kept], dice[kept], where="post", color=MUTED, lw=1, ls="--", zorder=1)
