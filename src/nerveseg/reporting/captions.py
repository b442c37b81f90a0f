"""The captions of the charts; each says only what holds for the data at hand."""

from typing import Final

from nerveseg.params.train import CONSTANT_MASK
from nerveseg.reporting.figures import only_kind
from nerveseg.reporting.notices import NO_INTERVALS
from nerveseg.reporting.results import Results

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


def captions(results: Results) -> dict[str, str]:
    """Return chart -> its caption, for every chart of `nerveseg.reporting.charts`."""
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
    first = " (its first training)" if results.has_several_trainings else ""
    return (
        "Training loss after every epoch and validation Dice after each validation, for every run "
        f"that was trained{first}. This Dice is measured at "
        "the training resolution, without test-time augmentation or post-processing, so its final "
        "value can differ from the scores in the tables, which the lines of the baselines show."
    )


def _presence(results: Results) -> str:
    if only_kind(results):
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
