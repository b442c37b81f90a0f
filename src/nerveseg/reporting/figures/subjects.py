"""Mean Dice by subject: where the intervals get their width from."""

import numpy as np
from matplotlib.figure import Figure

from nerveseg.reporting.results import Results
from nerveseg.reporting.svg import panels

DARK = 0.55  # below it cividis is dark enough to need white letters


def draw(results: Results) -> Figure:
    """Return a grid of figures, a row a network, a column a subject."""
    mean = results.frames.pivot_table(index="network", columns="subject", values="dice")
    values = mean.loc[results.networks].to_numpy()
    rows, columns = values.shape
    figure, (axes,) = panels(1, width=9.4, height=0.9 + 0.32 * rows)
    mesh = axes.pcolormesh(values, cmap="cividis", vmin=0, vmax=1, edgecolors="white", lw=1)
    for row, column in np.ndindex(rows, columns):
        value = values[row, column]
        colour = "white" if value < DARK else "black"
        place = (column + 0.5, row + 0.5)
        axes.text(*place, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=8)
    axes.set_yticks(np.arange(rows) + 0.5, [results.title(name) for name in results.networks])
    axes.set_xticks(np.arange(columns) + 0.5, [str(subject) for subject in mean.columns])
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("subject")
    figure.colorbar(mesh, ax=axes, label="mean Dice", pad=0.01, aspect=12).outline.set_visible(
        False
    )
    return figure
