"""The report's sentences: introductions, warnings, and what the data support about the ranking."""

import math
from typing import Final

import pandas as pd

from nerveseg.reporting.results import Results

TITLE: Final = "Nerve segmentation in ultrasound"

WARNINGS: Final = {
    "simulated": (
        "These frames come from a simulated competition, generated so that everything can be run "
        "without a Kaggle account. The numbers show that the pipeline works. They say nothing "
        "about how the networks perform on patients, or which of them performs best there."
    ),
    "archive": (
        "These frames come from an archive of your own. What the report calls a nerve is whatever "
        "that archive annotates."
    ),
}

SECTIONS: Final = {
    "leaderboard": (
        "Each mean depends on which subjects were sampled, so look at the interval before the "
        "last digits. Validation and test subjects are different people, so the columns differ "
        "by more than chance alone."
    ),
    "paper": (
        "Our scores beside those that the paper reports, in percent; the difference is ours minus "
        "the paper's, in percentage points. Read the caption before the difference."
    ),
    "measures": (
        "Means per image over the validation frames unless the column head says otherwise. Frames "
        "on which a measure is undefined are left out of its mean: sensitivity if there is no "
        "nerve, distances if either mask is empty."
    ),
    "presence": (
        "More than half of the frames in the competition show no nerve, and a single false "
        "positive pixel on such a frame reduces its Dice from 1 to 0. Deciding whether a nerve "
        "is present therefore matters more than its exact outline."
    ),
    "cost": (
        "Networks as built in these runs, with the widths set in params.yaml. Where intervals "
        "overlap, the run with the higher mean is not necessarily the better one."
    ),
    "examples": (
        "Frames are chosen by rule. Of those with an annotated nerve, the report shows the frames "
        "closest to evenly spaced quantiles of the mean Dice over all runs, each from a different "
        "subject while subjects last. Of those without, it shows the frame on which the runs are "
        "most evenly split over whether there is a nerve. Click a frame to open it in the image "
        "browser."
    ),
    "failures": (
        "The hardest frames by four rules, each with this run's prediction. Each rule takes one "
        "frame from every subject before it takes a second from any, because neighbouring frames "
        "of a sweep fail alike."
    ),
    "browser": (
        "The browser holds the frames shown in the figures and more frames evenly spaced over the "
        "validation set, ordered by subject and image."
    ),
}


def lead(results: Results) -> str:
    """Return one sentence that says what was evaluated."""
    frames = results.frames[results.frames["run"] == results.reference]
    subjects = frames["subject"].nunique()
    nerves = int((frames["true_area"] > 0).sum())
    return (
        f"{_count(len(results.runs), 'run')}, evaluated on "
        f"{_count(len(frames), 'validation frame')} of {_count(subjects, 'subject')}; {nerves} of "
        "the frames have an annotated nerve."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def headline_scores(results: Results) -> list[dict[str, str]]:
    """Return the few scores at the top of the page as name, value and small print."""
    top, caution = best_run(results)
    reference = results.reference
    title = results.title(reference)
    found = [
        _score(f"{title}, validation Dice", results.score(reference, "dice"), _interval(results)),
        _score(
            "Highest validation mean",
            results.score(top, "dice"),
            f"{results.title(top)}; {caution}",
        ),
    ]
    private = results.score(reference, "private")
    if math.isfinite(private):
        empty = results.score(reference, "empty_private")
        found.append(_score(f"{title}, private Dice", private, "on the test frames"))
        found.append(_score("All-empty submission", empty, "private Dice of predicting no nerve"))
    return found


def _interval(results: Results) -> str:
    low, high = results.dice_interval(results.reference)
    if not math.isfinite(low):
        return "too few subjects for an interval"
    return f"95% interval {low:.3f} to {high:.3f}"


def _score(name: str, value: float, small: str) -> dict[str, str]:
    return {"name": name, "value": f"{value:.3f}", "small": small}


def ranking(results: Results) -> str:
    """Return sentences that say what the data support about the ranking, and nothing more.

    Runs are ranked against the reference only; within the groups better, worse and
    indistinguishable they were not compared with each other.
    """
    table = results.comparison
    reference = results.title(results.reference)
    if table.empty:
        return f"There is nothing to compare {reference} with: params.yaml lists no other run."
    better = _titles(results, table[table["separated"] & (table["difference"] < 0)])
    worse = _titles(results, table[table["separated"] & (table["difference"] > 0)])
    level = _titles(results, table[~table["separated"]])
    sentences = []
    if better:
        sentences.append(f"These data put {reference} above {_listed(better)}.")
    if worse:
        sentences.append(f"These data put {_listed(worse)} above {reference}.")
    if level:
        sentences.append(
            f"These data do not separate {reference} from {_listed(level)}: whichever mean is "
            "higher, the difference is not significant."
        )
    return " ".join([*sentences, _top_group(results)])


def _top_group(results: Results) -> str:
    """Return a sentence about the highest mean and the runs indistinguishable from it."""
    table = results.standings
    tied = _titles(results, table[table["with_best"]])
    if len(tied) == 1:
        return f"{tied[0]} has the highest mean, significantly above that of every other run."
    return (
        f"{tied[0]} has the highest mean; after correction for all pairs of runs, the data do "
        f"not distinguish it from {_listed(tied[1:])}."
    )


def best_run(results: Results) -> tuple[str, str]:
    """Return the run with the highest mean validation Dice, and a short caveat."""
    top = str(results.standings["run"].iloc[0])
    tied = int(results.standings["with_best"].sum()) - 1
    if tied:
        others = "another run" if tied == 1 else f"{tied} other runs"
        return top, f"indistinguishable from {others}"
    return top, "significantly above every other run"


def _titles(results: Results, rows: pd.DataFrame) -> list[str]:
    return [results.title(str(run)) for run in rows["run"]]


def _listed(titles: list[str]) -> str:
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"
