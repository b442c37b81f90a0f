"""Calibration: is a pixel called 0.8 a nerve's pixel in 80% of cases?"""

from matplotlib.figure import Figure

from nerveseg.reporting.figures.marks import legend, line
from nerveseg.reporting.palette import MUTED
from nerveseg.reporting.results import Results
from nerveseg.reporting.svg import panels


def draw(results: Results) -> Figure:
    """Return the observed share over the predicted probability, and where the pixels lie."""
    figure, (left, right) = panels(2)
    left.plot([0, 1], [0, 1], color=MUTED, lw=1, ls=":", zorder=1)
    for network in results.networks:
        rows = results.calibration[results.calibration["network"] == network]
        rows = rows[rows["pixels"] > 0]
        line(left, results, network, rows["predicted"], rows["observed"])
        line(right, results, network, rows["predicted"], rows["pixels"] / rows["pixels"].sum())
    left.set(xlabel="predicted probability", ylabel="share that is nerve", xlim=(0, 1), ylim=(0, 1))
    left.set_aspect("equal", anchor="W")
    right.set(xlabel="predicted probability", ylabel="share of pixels", yscale="log", xlim=(0, 1))
    legend(right)
    return figure
