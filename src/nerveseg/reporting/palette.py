"""One look for all charts: colours, markers and dashes that survive print and colour blindness."""

from dataclasses import dataclass
from typing import Final

# Stands for the page's own text colour; `svg.inline` replaces it, so that charts follow the
# page from light to dark. Any colour that nothing else uses would do.
INK: Final = "#010203"
MUTED: Final = "#7d8590"


@dataclass(frozen=True)
class Style:
    """How one network is drawn everywhere; colour, marker and dash each tell it apart."""

    colour: str
    marker: str
    dash: str | tuple[float, tuple[float, ...]]


_DASHED: Final = (0.0, (4.0, 1.6))
_DOTTED: Final = (0.0, (1.2, 1.4))
_DASH_DOT: Final = (0.0, (5.0, 1.4, 1.2, 1.4))

# Okabe and Ito (2008) without the yellow, which white paper swallows; wine and olive are Tol's.
REFERENCE: Final = Style("#D55E00", "o", "-")
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

# Overlays: the issue of telling green from red is met by the browser's outlines, which are
# solid for the truth and dashed for the prediction.
PREDICTION: Final = "#00b050"
TRUTH: Final = "#e8202a"
BOTH: Final = "#ffd400"


def styles(networks: list[str], reference: str) -> dict[str, Style]:
    """Return a style for each network: the reference's is fixed, the others' go by order."""
    others = [name for name in networks if name != reference]
    chosen = {name: _OTHERS[place % len(_OTHERS)] for place, name in enumerate(others)}
    return {name: chosen.get(name, REFERENCE) for name in networks}
