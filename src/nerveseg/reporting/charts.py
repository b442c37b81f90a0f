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

from nerveseg.params.train import CONSTANT_MASK
from nerveseg.reporting import figures, score_figures
from nerveseg.reporting.chart_style import INK, RUN_MARK, house_style
from nerveseg.reporting.notices import NO_INTERVALS
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
# Captions that hold for any results; `captions` adds the others.
CAPTIONS: Final = {
    "difficulty": (
        "Only frames with an annotated nerve, where the all-empty submission has a Dice of 0. "
        "Lines: means over bins with equal numbers of frames. Dots: single frames of the reference "
        "run. Contrast-to-noise ratio: the difference between the mean grey levels inside the "
        "nerve and in a ring of 15 pixels around it, divided by the square root of their mean "
        "variance."
    ),
    "calibration": (
        "Left: the share of pixels that are nerve against their predicted probability. On the "
        "dotted line the predictions are calibrated; below it they are too high. Right: the share "
        "of all pixels at each predicted probability, on a logarithmic scale."
    ),
}


def draw(name: str, results: Results) -> Chart:
    """Return the chart `name` of `CHARTS`."""
    figure, title = CHARTS[name]
    if name == "leaderboard" and results.has_test_scores:
        title = TEST_SCORES
    with house_style():
        svg = inline_svg(figure(results), title)
    return Chart(name, title, captions(results)[name], svg)


def captions(results: Results) -> dict[str, str]:
    """Return the caption of every chart; each says only what holds for the data at hand."""
    return CAPTIONS | {
        "leaderboard": _leaderboard(results),
        "comparison": _comparison(results),
        "subjects": _subjects(results),
        "curves": _curves(results),
        "presence": _presence(results),
        "cost": _cost(results),
    }


def _leaderboard(results: Results) -> str:
    frames, lines = "the validation frames", "line marks"
    if results.has_test_scores:
        frames = f"the public and private shares of the test frames, and on {frames}"
        lines = "lines mark"
    interval = f" {NO_INTERVALS}"
    if results.has_intervals:
        frames += f" with its {results.percent} confidence interval, clustered by subject"
        interval = ""
    return (
        f"Mean Dice of each run and of the two baselines on {frames}.{interval} The horizontal "
        f"{lines} the better baseline."
    )


def _comparison(results: Results) -> str:
    text = "Runs and baselines against the reference. Paired over the same frames"
    if not results.has_intervals:
        return f"{text}. {NO_INTERVALS}"
    return (
        f"{text}, clustered by subject. Filled markers: the difference is significant after Holm's "
        "correction. Hollow markers: it is not."
    )


def _subjects(results: Results) -> str:
    text = "Frames of one subject resemble each other, so they are not independent observations"
    elsewhere = "; intervals elsewhere in this report are clustered by subject"
    return f"{text}{elsewhere if results.has_intervals else ''}."


def _curves(results: Results) -> str:
    several = results.trainings["training"].nunique() > 1
    return (
        "Training loss after every epoch and validation Dice after each validation, for every run "
        f"that was trained{' (its first training)' if several else ''}. This Dice is measured at "
        "the training resolution, without test-time augmentation or post-processing, so its final "
        "value can differ from the scores in the tables, which the lines of the baselines show."
    )


def _presence(results: Results) -> str:
    if figures.only_kind(results):
        return "Precision and recall need frames with a nerve and frames without one."
    text = (
        "A frame is called positive if its presence score, the mean probability of its most "
        "confident pixels, reaches a threshold; each curve traces all thresholds. Grey: lines of "
        "equal F1."
    )
    # The mask is empty, and calls no frame positive, if no training frame has a nerve.
    every = results.score(CONSTANT_MASK, "presence_recall") == 1
    return f"{text} The best constant mask calls every frame positive." if every else text


def _cost(results: Results) -> str:
    bars = "Horizontal bars: the quartiles of the latency over repeated passes."
    if results.has_intervals:
        bars = f"Vertical bars: the {results.percent} confidence interval of the Dice. {bars}"
    return (
        f"Validation Dice against the cost of the network on a logarithmic scale. {bars} Dashed: "
        "the Pareto front, the runs that are more accurate than every other run of equal or lower "
        "cost."
    )


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
