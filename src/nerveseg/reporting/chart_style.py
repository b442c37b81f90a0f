"""How runs look in every chart, in print and to colour-blind readers as well."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from nerveseg.params.train import ALL_EMPTY, BASELINES, CONSTANT_MASK
from nerveseg.reporting.results import Results

INK: Final = "#010203"
"""Placeholder for the page's text colour, replaced by `currentColor` in the SVG, so that charts
follow the page's light or dark theme. Any colour that nothing else uses would do."""
MUTED: Final = "#7d8590"
RUN_MARK: Final = "run:"
"""Prefix of the gid of artists that belong to one run; the SVG turns it into `data-run`."""


@dataclass(frozen=True)
class Style:
    """How a run is drawn; marker and dash distinguish runs without colour."""

    colour: str
    marker: str
    dash: str | tuple[float, tuple[float, ...]]


_DASHED: Final = (0.0, (4.0, 1.6))
_DOTTED: Final = (0.0, (1.2, 1.4))
_DASH_DOT: Final = (0.0, (5.0, 1.4, 1.2, 1.4))

# Okabe and Ito (2008), without yellow, which is barely visible on white; purple and olive are
# from Paul Tol's palettes.
_REFERENCE: Final = Style("#D55E00", "o", "-")
_OTHERS: Final = (
    Style(MUTED, "s", _DASHED),
    Style("#E69F00", "^", "-"),
    Style("#CC79A7", "v", _DASHED),
    Style(INK, "D", "-"),
    Style("#0072B2", "P", "-"),
    Style("#56B4E9", "X", _DASHED),
    Style("#009E73", "<", "-"),
    Style("#AA4499", ">", _DASH_DOT),
    Style("#999933", "h", _DASHED),
    Style("#0072B2", "d", _DOTTED),
    Style("#009E73", "p", _DOTTED),
)
_BASELINES: Final = {
    ALL_EMPTY: Style(MUTED, ".", (0.0, (1.0, 2.2))),
    CONSTANT_MASK: Style(MUTED, "x", (0.0, (6.0, 2.0, 1.0, 2.0))),
}
_SETTINGS: Final[Any] = {
    "svg.fonttype": "none",  # keep text as text: searchable, and set in the page's font
    "font.family": "sans-serif",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#8b949e",
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "text.color": INK,
    "lines.linewidth": 1.6,
    "lines.markersize": 5.5,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def styles(runs: list[str], reference: str) -> dict[str, Style]:
    """Return run -> style: fixed for the reference, and by position for every other run."""
    others = [run for run in runs if run != reference]
    chosen = {run: _OTHERS[place % len(_OTHERS)] for place, run in enumerate(others)}
    return {run: chosen.get(run, _REFERENCE) for run in runs}


def run_style(results: Results, run: str) -> Style:
    """Return the style of one run or baseline."""
    return (_BASELINES | styles(results.runs, results.reference))[run]


def css_colour(results: Results, run: str) -> str:
    """Return the run's colour as a CSS value."""
    return run_style(results, run).colour.replace(INK, "currentColor")


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with the report's settings, ignoring any matplotlibrc on the machine."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def panels(count: int, width: float = 9.4, height: float = 3.6) -> tuple[Figure, list[Axes]]:
    """Return a figure with `count` axes side by side; sizes in inches."""
    # Not pyplot, which keeps every figure alive and may require a display.
    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(1, count, squeeze=False)
    return figure, list(grid[0])


def run_line(
    axes: Axes,
    results: Results,
    run: str,
    x: ArrayLike,
    y: ArrayLike,
    **overrides: Any,  # noqa: ANN401
) -> None:
    """Plot `y` over `x` in the style of a run or baseline, labelled, and marked with the run."""
    style = run_style(results, run)
    is_reference = run == results.reference
    settings: dict[str, Any] = {
        "color": style.colour,
        "ls": style.dash,
        "marker": style.marker,
        "markeredgecolor": "white",
        "markeredgewidth": 0.5,
        "alpha": 1.0 if is_reference else 0.8,
        "lw": 2.4 if is_reference else 1.5,
        "zorder": 5 if is_reference else 3,
        "label": results.title(run),
    }
    (artist,) = axes.plot(x, y, **(settings | overrides))
    if run in results.runs:  # baselines stay visible when a run is highlighted
        artist.set_gid(RUN_MARK + run)


def baseline_lines(axes: Axes, results: Results, measure: str = "dice") -> None:
    """Draw a horizontal line at the score of each baseline, labelled for the legend."""
    for name in BASELINES:
        style, title = run_style(results, name), results.title(name)
        axes.axhline(results.score(name, measure), color=MUTED, ls=style.dash, lw=1.2, label=title)


def legend(axes: Axes, **overrides: Any) -> None:  # noqa: ANN401
    """Place the legend beside the chart, where it covers nothing."""
    settings: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.02)}
    axes.legend(**(settings | {"handlelength": 3.2} | overrides))


def no_data(axes: Axes, reason: str) -> None:
    """Replace an empty chart by the reason why it is empty."""
    axes.text(0.5, 0.5, reason, ha="center", va="center", transform=axes.transAxes, color=MUTED)
    axes.set_axis_off()
