"""Every chart of the report with its title and caption, as SVG that is part of the page."""

import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.figure import Figure

from nerveseg.reporting import figures, score_figures
from nerveseg.reporting.captions import captions
from nerveseg.reporting.chart_style import INK, RUN_MARK, house_style
from nerveseg.reporting.results import Results

SVG: Final = "http://www.w3.org/2000/svg"
XLINK: Final = "http://www.w3.org/1999/xlink"


@dataclass(frozen=True)
class Chart:
    """A chart as the page's template needs it; `svg` is an SVG element."""

    name: str
    title: str
    caption: str
    svg: str


# name -> (drawing function, title)
CHARTS: Final[dict[str, tuple[Callable[[Results], Figure], str]]] = {
    "leaderboard": (score_figures.leaderboard, "Mean Dice"),
    "comparison": (score_figures.comparison, "Differences in mean validation Dice"),
    "subjects": (score_figures.subjects, "Mean validation Dice by subject"),
    "curves": (figures.learning_curves, "Learning curves"),
    "difficulty": (figures.difficulty, "Dice by nerve size and contrast"),
    "calibration": (figures.reliability, "Calibration"),
    "presence": (figures.precision_recall, "Is there a nerve? Precision and recall"),
    "cost": (figures.cost, "Accuracy against cost"),
}
TEST_SCORES: Final = "Figure 6: the leaderboard"
"""Title of the chart `leaderboard` if the masks of the test frames are known."""


def draw(name: str, results: Results) -> Chart:
    """Return the chart `name` of `CHARTS`."""
    figure, title = CHARTS[name]
    if name == "leaderboard" and results.has_test_scores:
        title = TEST_SCORES
    with house_style():
        svg = inline_svg(figure(results), title)
    return Chart(name, title, captions(results)[name], svg)


def inline_svg(figure: Figure, title: str) -> str:
    """Return `figure` as an SVG element that scales with its column.

    The same figure gives the same bytes. Artists whose gid is `RUN_MARK` + run get the attribute
    `data-run="run"`, by which the page's script highlights one run.

    Args:
        figure: the drawing.
        title: read aloud by screen readers.
    """
    root = ET.fromstring(_savefig(figure, salt=title))
    _rename_ids(root)
    for element in root.iter():
        for name, value in element.items():
            element.set(name, value.replace(INK, "currentColor"))
    # Widths in rem, so that text is equally large in narrow and wide charts.
    width = figure.get_figwidth()
    style = f"max-width:{6.6 * width:.1f}rem;min-width:{3.7 * width:.1f}rem"
    root.attrib |= {"role": "img", "aria-label": title, "class": "chart", "style": style}
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", XLINK)
    return ET.tostring(root, encoding="unicode").strip()


def _savefig(figure: Figure, salt: str) -> bytes:
    buffer = io.BytesIO()
    no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    # The salt keeps the ids of one chart's clip paths different from those of another's.
    with mpl.rc_context({"svg.hashsalt": hashlib.sha256(salt.encode()).hexdigest()}):
        figure.savefig(buffer, format="svg", metadata=no_metadata)
    return buffer.getvalue()


def _rename_ids(root: ET.Element) -> None:
    """Turn the ids of runs into `data-run` and drop ids that nothing refers to.

    matplotlib numbers its groups from 1 in each figure, and ids must be unique in a page.
    """
    # ElementTree does not know which attributes are references: 'url(#id)' or 'href="#id"'.
    values = (value for element in root.iter() for value in element.attrib.values())
    referenced = {name for value in values for name in re.findall(r"#([\w.-]+)", value)}
    for element in root.iter():
        name = element.get("id", "")
        if name.startswith(RUN_MARK):
            element.set("data-run", name.removeprefix(RUN_MARK))
        if name not in referenced:
            element.attrib.pop("id", None)
