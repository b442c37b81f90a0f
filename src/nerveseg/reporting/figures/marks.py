"""Artists that the page's script can single out by network."""

from typing import Any

from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from nerveseg.reporting.palette import MUTED
from nerveseg.reporting.results import Results
from nerveseg.reporting.svg import NETWORK_MARK


def line(
    axes: Axes,
    results: Results,
    network: str,
    x: ArrayLike,
    y: ArrayLike,
    **how: Any,  # noqa: ANN401
) -> None:
    """Draw `y` over `x` in the network's colour, dash and marker, named for a legend."""
    style = results.styles[network]
    heavy = network == results.reference
    settings: dict[str, Any] = {
        "color": style.colour,
        "ls": style.dash,
        "marker": style.marker,
        "markeredgecolor": "white",
        "markeredgewidth": 0.5,
        "alpha": 1.0 if heavy else 0.8,
        "lw": 2.4 if heavy else 1.5,
        "zorder": 5 if heavy else 3,
        "label": results.title(network),
    }
    (artist,) = axes.plot(x, y, **(settings | how))
    artist.set_gid(NETWORK_MARK + network)


def legend(axes: Axes, **how: Any) -> None:  # noqa: ANN401
    """Put the names beside the chart, where they hide nothing."""
    settings: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.02)}
    axes.legend(**(settings | {"handlelength": 3.2} | how))


def nothing(axes: Axes, why: str) -> None:
    """Say in an empty chart why it is empty."""
    axes.text(0.5, 0.5, why, ha="center", va="center", transform=axes.transAxes, color=MUTED)
    axes.set_axis_off()
