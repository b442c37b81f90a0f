"""Dice against the nerve's size and its contrast."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nerveseg.reporting.figures.marks import legend, line, nothing
from nerveseg.reporting.results import Results
from nerveseg.reporting.svg import panels

BINS = 5
LEAST = 8  # frames in a bin: the mean of fewer is noise
PANELS = (
    ("true_area", "outlined area (1000 pixels)", 1e-3),
    ("contrast", "contrast-to-noise ratio of the nerve", 1.0),
)


def draw(results: Results) -> Figure:
    """Return means over equally full bins for all networks; dots are the reference's frames."""
    figure, axes = panels(2)
    nerves = results.frames[results.frames["true_area"] > 0].dropna(subset=["contrast"])
    for one, (column, label, scale) in zip(axes, PANELS, strict=True):
        if nerves.empty:
            nothing(one, "no frame with a nerve")
            continue
        _panel(one, results, nerves.assign(x=nerves[column] * scale))
        one.set(xlabel=label, ylabel="Dice", ylim=(-0.02, 1.02))
    if not nerves.empty:
        legend(axes[-1])
    return figure


def _panel(axes: Axes, results: Results, nerves: pd.DataFrame) -> None:
    dots = nerves[nerves["network"] == results.reference]
    colour = results.styles[results.reference].colour
    # As pixels: thousands of dots as vectors would be most of the page.
    axes.scatter(dots["x"], dots["dice"], s=13, color=colour, alpha=0.35, lw=0, rasterized=True)
    bins = int(np.clip(len(dots) // LEAST, 1, BINS))
    edges = np.unique(np.quantile(dots["x"], np.linspace(0, 1, bins + 1)))
    for network in results.networks:
        rows = nerves[nerves["network"] == network]
        place = np.clip(np.searchsorted(edges, rows["x"], side="right") - 1, 0, len(edges) - 2)
        means = rows.groupby(place)[["x", "dice"]].mean()
        line(axes, results, network, means["x"], means["dice"])
