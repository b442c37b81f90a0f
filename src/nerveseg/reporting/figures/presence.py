"""Precision and recall of "there is a nerve", as the threshold of the presence score moves."""

import numpy as np
from matplotlib.figure import Figure

from nerveseg.reporting.figures.marks import legend, line
from nerveseg.reporting.palette import MUTED
from nerveseg.reporting.results import Results
from nerveseg.reporting.svg import panels

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9)  # of F1


def draw(results: Results) -> Figure:
    """Return the curves, with lines of equal F1 behind and the share of nerves as the floor."""
    figure, (axes,) = panels(1, width=7.4, height=4.6)
    for level in LEVELS:
        recall = np.linspace(level / 2 + 1e-3, 1, 100)
        precision = level * recall / (2 * recall - level)
        keep = precision <= 1
        axes.plot(recall[keep], precision[keep], color=MUTED, lw=0.6, alpha=0.6, zorder=1)
        axes.text(1.005, level / (2 - level), f"F1 {level}", fontsize=7.5, color=MUTED, va="center")
    for network in results.networks:
        rows = results.presence[results.presence["network"] == network].sort_values("threshold")
        rows = rows.dropna(subset=["precision", "recall"])
        every = max(1, len(rows) // 10)
        line(axes, results, network, rows["recall"], rows["precision"], markevery=every)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.01))
    legend(axes, bbox_to_anchor=(1.1, 1.02))
    return figure
