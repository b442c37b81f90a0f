"""Differences from the reference, with their intervals."""

import numpy as np
from matplotlib.figure import Figure

from nerveseg.reporting.palette import INK, MUTED
from nerveseg.reporting.results import Results
from nerveseg.reporting.svg import NETWORK_MARK, panels


def draw(results: Results) -> Figure:
    """Return a forest plot; hollow marks are the differences that the data can't tell from 0."""
    table = results.comparison
    figure, (axes,) = panels(1, width=7.6, height=1.0 + 0.36 * len(table))
    axes.axvline(0, color=MUTED, lw=1)
    for place, row in enumerate(table.to_dict("records")):
        style = results.styles[str(row["network"])]
        bars = np.array([[row["difference"] - row["low"]], [row["high"] - row["difference"]]])
        marks = axes.errorbar(
            [row["difference"]], [place], xerr=bars, fmt=style.marker, color=style.colour, ms=7,
            capsize=3, lw=1.4, mfc=style.colour if row["separated"] else "none", mec=style.colour,
        )  # fmt: skip
        for artist in (marks.lines[0], *marks.lines[1], *marks.lines[2]):
            artist.set_gid(NETWORK_MARK + str(row["network"]))
    axes.set_yticks(range(len(table)), [results.title(str(name)) for name in table["network"]])
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.set_xlabel(f"mean Dice minus that of {results.title(results.reference)}, 95% interval")
    axes.tick_params(axis="y", length=0, colors=INK)
    axes.grid(axis="y", visible=False)
    return figure
