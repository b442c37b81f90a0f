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


# name -> (drawing function, title, caption)
CHARTS: Final[dict[str, tuple[Callable[[Results], Figure], str, str]]] = {
    "leaderboard": (
        score_figures.leaderboard,
        "Mean Dice",
        "Mean Dice of each run and of the two baselines on the validation frames with its 95% "
        "confidence interval, clustered by subject. The horizontal line marks the better baseline.",
    ),
    "comparison": (
        score_figures.comparison,
        "Differences in mean validation Dice",
        "Runs and baselines against the reference. Paired over the same frames, clustered by "
        "subject. Filled markers: the difference is significant after Holm's correction. Hollow "
        "markers: it is not.",
    ),
    "subjects": (
        score_figures.subjects,
        "Mean validation Dice by subject",
        "Frames of one subject resemble each other, so they are not independent observations: the "
        "intervals are clustered by subject and correspondingly wide.",
    ),
    "curves": (
        figures.learning_curves,
        "Learning curves",
        "Training loss and validation Dice after every epoch for all runs. This Dice is "
        "measured at the training resolution, without test-time augmentation or "
        "post-processing, so its final value can differ from the scores in the tables, which the "
        "lines of the baselines show.",
    ),
    "difficulty": (
        figures.difficulty,
        "Dice by nerve size and contrast",
        "Only frames with an annotated nerve, where the all-empty submission has a Dice of 0. "
        "Lines: means over bins with equal numbers of frames. Dots: single frames of the reference "
        "run. Contrast-to-noise ratio: the difference between the mean grey levels inside the "
        "nerve and in a ring of 15 pixels around it, divided by the square root of their mean "
        "variance.",
    ),
    "calibration": (
        figures.reliability,
        "Calibration",
        "Left: the share of pixels that are nerve against their predicted probability. On the "
        "dotted line the predictions are calibrated; below it they are too high. Right: the share "
        "of all pixels at each predicted probability, on a logarithmic scale.",
    ),
    "presence": (
        figures.precision_recall,
        "Is there a nerve? Precision and recall",
        "A frame is called positive if its presence score, the mean probability of its most "
        "confident pixels, reaches a threshold; each curve traces all thresholds. Grey: lines of "
        "equal F1. The best constant mask calls every frame positive.",
    ),
    "cost": (
        figures.cost,
        "Accuracy against cost",
        "Validation Dice with its 95% interval against the cost of the network on a logarithmic "
        "scale. Dashed: the Pareto front, the runs that are more accurate than every other run of "
        "equal or lower cost.",
    ),
}


TEST_SCORES: Final = (
    "Figure 6: the leaderboard",
    "Mean Dice of each run and of the two baselines on the public and private shares of the test "
    "frames, and on the validation frames with its 95% confidence interval, clustered by subject. "
    "The horizontal lines mark the better baseline.",
)
"""Title and caption of the chart `leaderboard` if the masks of the test frames are known."""


def draw(name: str, results: Results) -> Chart:
    """Return the chart `name` of `CHARTS`."""
    figure, title, caption = CHARTS[name]
    if name == "leaderboard" and results.has_test_scores:
        title, caption = TEST_SCORES
    with house_style():
        return Chart(name, title, caption, inline_svg(figure(results), title))


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
