"""Charts as SVG inside the page: no files, no fonts to load, colours that follow the page."""

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nerveseg.reporting.palette import INK

NETWORK_MARK: Final = "network:"
_SETTINGS: Final[Any] = {
    "svg.fonttype": "none",  # real text: it can be searched, and takes the page's font
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


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with the report's settings, whatever matplotlibrc the machine has."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def panels(count: int, width: float = 9.4, height: float = 3.6) -> tuple[Figure, list[Axes]]:
    """Return a figure with `count` axes side by side; sizes in inches."""
    # Not pyplot: it would keep every figure alive, and could ask for a display.
    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(1, count, squeeze=False)
    return figure, list(grid[0])


def inline(figure: Figure, title: str) -> str:
    """Return `figure` as an SVG element that scales to its column; `title` is read aloud.

    The same figure gives the same bytes. Artists whose gid is `NETWORK_MARK` + name come out
    with `data-network="name"`, which the page's script uses to single out one network.
    """
    buffer = io.StringIO()
    salt = hashlib.sha256(title.encode()).hexdigest()
    with mpl.rc_context({"svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(rf'id="{NETWORK_MARK}([^"]*)"', r'data-network="\1"', text)
    # matplotlib numbers its groups anew in each figure; twice the same id is no valid page.
    text = re.sub(r' id="[a-zA-Z0-9.]+_\d+"', "", text)
    text = text.replace(INK, "currentColor")
    # Inches become rem, so that letters are as large in a narrow chart as in a wide one.
    width = figure.get_figwidth()
    style = f"max-width:{6.6 * width:.1f}rem;min-width:{3.7 * width:.1f}rem"
    head = f'<svg role="img" aria-label="{title}" class="chart" style="{style}"'
    return re.sub(r"^<svg", head, text).strip()
