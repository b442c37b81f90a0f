"""The private score on every rung of a ladder as a chart."""

from collections.abc import Sequence

from benchmarks.settings.figure import COLOURS, on_white

from nerveseg.reporting.chart_style import MUTED, house_style, panels


def draw(names: Sequence[str], scores: Sequence[float], gains: Sequence[Sequence[float]]) -> str:
    """Return an SVG file: one point per rung, with the interval of its gain on the first.

    Args:
        names: R names of rungs, from the first one up.
        scores: R private scores.
        gains: R - 1 gains on the first rung, each with the ends of its interval after it.
    """
    with house_style():
        figure, [axes] = panels(1, width=6.8, height=1.2 + 0.36 * len(names))
        axes.axvline(scores[0], color=MUTED, lw=1)
        for place, (score, gain) in enumerate(zip(scores[1:], gains, strict=True), start=1):
            _, low, high, *_ = gain
            axes.hlines(place, scores[0] + low, scores[0] + high, color=COLOURS[0], lw=1.6)
            face = COLOURS[0] if low > 0 or high < 0 else "white"
            axes.plot([score], [place], "o", color=COLOURS[0], mfc=face, ms=7, zorder=4)
        axes.plot([scores[0]], [0], "s", color=COLOURS[0], ms=6, zorder=4)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlabel("private score")
        axes.set_title("Bars: 95% intervals of the gain on the first rung; filled: significant")
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0)
        return on_white(figure, "Private score by rung")
