"""The curves of time and memory against size as a chart."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from matplotlib.axes import Axes

from nerveseg.reporting.chart_style import house_style, panels
from nerveseg.reporting.charts import inline_svg

if TYPE_CHECKING:
    from benchmarks.size import Cost

TEXT: Final = "#1f2328"
UNITS: Final = {"busy_seconds": "processor time, s", "mebibytes": "peak memory, MiB"}


def draw(costs: "Sequence[Cost]") -> str:
    """Return an SVG file: time and memory of every step, against frames and against side."""
    first = costs[0]
    by_frames = [cost for cost in costs if cost.side == first.side]
    by_side = [cost for cost in costs if cost.frames == first.frames]
    with house_style():
        figure, axes = panels(4, width=13, height=3.6)
        _lines(axes[0], by_frames, "frames", "busy_seconds", f"{first.side} x {first.side} pixels")
        _lines(axes[1], by_frames, "frames", "mebibytes", f"{first.side} x {first.side} pixels")
        _lines(axes[2], by_side, "side", "busy_seconds", f"{first.frames:,} frames")
        _lines(axes[3], by_side, "side", "mebibytes", f"{first.frames:,} frames")
        lines, steps = axes[0].get_legend_handles_labels()
        axes[1].legend(lines, steps, fontsize=7, frameon=False, ncols=2, loc="center")
        svg = inline_svg(figure, "Time and memory against size").replace("currentColor", TEXT)
        return svg.replace('style="', 'style="background:white;font-family:sans-serif;', 1) + "\n"


def _lines(axes: Axes, costs: "Sequence[Cost]", along: str, value: str, title: str) -> None:
    for step in dict.fromkeys(cost.step for cost in costs):
        points = sorted((getattr(each, along), getattr(each, value)) for each in costs
                        if each.step == step)  # fmt: skip
        axes.plot(*zip(*points, strict=True), "o-", label=step, ms=3, lw=1.2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    sizes = sorted({getattr(each, along) for each in costs})
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel(along)
    axes.set_ylabel(UNITS[value])
    axes.set_title(title)
