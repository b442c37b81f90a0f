"""Every chart of the report: which figure, under what title, with what caption."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from matplotlib.figure import Figure

from nerveseg.reporting.figures import (
    calibration,
    comparison,
    cost,
    curves,
    difficulty,
    leaderboard,
    presence,
    subjects,
)
from nerveseg.reporting.results import Results
from nerveseg.reporting.svg import house_style, inline


@dataclass(frozen=True)
class Chart:
    """A chart as the page needs it: `svg` is the drawing itself."""

    name: str
    title: str
    caption: str
    svg: str


DRAWN: Final[dict[str, tuple[Callable[[Results], Figure], str, str]]] = {
    "leaderboard": (
        leaderboard.draw,
        "Figure 6: the leaderboard",
        "Mean Dice of each network on the public and the private share of the test frames, and "
        "on the validation frames with its 95% interval by bootstrap over subjects. Lines: the "
        "all-empty submission, which outlines nothing.",
    ),
    "comparison": (
        comparison.draw,
        "Differences in mean validation Dice",
        "Paired over the same frames, resampled by subject. Filled marks: the difference is "
        "told from zero after Holm's correction; hollow marks: it is not.",
    ),
    "subjects": (
        subjects.draw,
        "Mean validation Dice by subject",
        "Frames of one subject are one sweep of the probe, many nearly identical: networks fail "
        "and succeed on subjects rather than on frames, which is why the intervals resample "
        "subjects and are as wide as they are.",
    ),
    "curves": (
        curves.draw,
        "Learning curves",
        "Training loss and validation Dice after every epoch, all networks. The validation Dice "
        "is taken at the training size, without augmentation at test time or post-processing, "
        "so it ends below or above the scores in the tables.",
    ),
    "difficulty": (
        difficulty.draw,
        "Dice against the nerve's size and contrast",
        "Frames with an outlined nerve only. Lines: means over equally full bins. Dots: "
        "single frames of the reference network. Contrast to noise: difference of the mean grey "
        "levels inside the nerve and in a ring of 15 pixels around it, over the root of their "
        "mean variance.",
    ),
    "calibration": (
        calibration.draw,
        "Calibration",
        "Left: of the pixels given a probability, the share that is nerve; on the dotted line "
        "the network means what it says, below it is too sure. Right: how many pixels there are "
        "of each, on a logarithmic scale.",
    ),
    "presence": (
        presence.draw,
        "Is there a nerve? Precision and recall",
        "A frame counts as having a nerve when its presence score, the mean probability of its "
        "surest pixels, reaches a threshold; the curves follow the threshold. Grey: lines of "
        "equal F1.",
    ),
    "cost": (
        cost.draw,
        "Accuracy against cost",
        "Validation Dice with its 95% interval over what a network costs; the scales of cost "
        "are logarithmic. Dashed: the networks that no other one beats on both.",
    ),
}


def draw(name: str, results: Results) -> Chart:
    """Return the chart `name` of `DRAWN`."""
    figure, title, caption = DRAWN[name]
    with house_style():
        return Chart(name, title, caption, inline(figure(results), title))
