"""The differences of a comparison as a chart."""

from collections.abc import Sequence
from typing import Final

from benchmarks.settings.differences import ALL_RUNS, Difference
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nerveseg.reporting.chart_style import INK, MUTED, house_style, panels
from nerveseg.reporting.charts import inline_svg

TEXT: Final = "#1f2328"
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def draw(rows: Sequence[Difference]) -> str:
    """Return an SVG file: a panel per data set, a line per run and setting.

    Bars are intervals over subjects, small dots the single seeds.
    """
    datasets = list(dict.fromkeys(row.dataset for row in rows))
    lines = max(sum(row.dataset == dataset for row in rows) for dataset in datasets)
    with house_style():
        figure, panel = panels(
            len(datasets), width=2.2 + 4.6 * len(datasets), height=1.3 + 0.3 * lines
        )
        for axes, dataset in zip(panel, datasets, strict=True):
            _forest(axes, dataset, [row for row in rows if row.dataset == dataset])
        title = f"Differences in Dice from '{rows[0].reference}'"
        figure.suptitle(
            f"Validation Dice minus that of '{rows[0].reference}'; bars: 95% intervals over "
            "subjects, filled: significant; dots: seeds", fontsize=9, ha="left", x=0.01,
        )  # fmt: skip
        return on_white(figure, title)


def _forest(axes: Axes, dataset: str, rows: Sequence[Difference]) -> None:
    settings = list(dict.fromkeys(row.setting for row in rows))
    axes.axvline(0, color=MUTED, lw=1)
    for place, row in enumerate(rows):
        colour = COLOURS[settings.index(row.setting) % len(COLOURS)]
        filled = colour if row.verdict in {"better", "worse"} else "white"
        axes.hlines(place, row.low, row.high, color=colour, lw=1.6)
        axes.plot(
            row.by_seed, [place] * len(row.by_seed), ".", color=INK, ms=4, alpha=0.7, zorder=5
        )
        axes.plot([row.dice], [place], "o", color=colour, mfc=filled, ms=7, zorder=4)
    axes.set_yticks(
        range(len(rows)),
        [f"{row.run}: {row.setting}" for row in rows],
    )
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if row.run == ALL_RUNS else "normal")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_title(f"{dataset} ({rows[0].subjects} subjects)")
    axes.set_xlabel("difference in mean Dice")
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)


def on_white(figure: Figure, title: str) -> str:
    """Return the chart as a file of its own, in colours that do not follow a page's theme."""
    svg = inline_svg(figure, title).replace("currentColor", TEXT)
    return svg.replace('style="', 'style="background:white;font-family:sans-serif;', 1) + "\n"
