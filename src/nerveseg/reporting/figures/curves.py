"""Learning curves of all networks in one chart."""

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nerveseg.reporting.figures.marks import legend, line, nothing
from nerveseg.reporting.results import Results
from nerveseg.reporting.svg import panels

PANELS = (("train/loss", "training loss"), ("valid/dice", "validation Dice"))


def draw(results: Results) -> Figure:
    """Return the training loss and the validation Dice by epoch."""
    figure, axes = panels(2)
    for one, (measure, label) in zip(axes, PANELS, strict=True):
        points = results.curves[results.curves["metric"] == measure]
        if points.empty:
            nothing(one, f"{label}: not logged")
            continue
        for network in results.networks:
            rows = points[points["network"] == network].sort_values("epoch")
            every = max(1, len(rows) // 8)
            line(one, results, network, rows["epoch"] + 1, rows["value"], markevery=every)
        one.set(xlabel="epoch", ylabel=label)
        one.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    legend(axes[-1])
    return figure
