"""The report's sentences: introductions, and what the data support about the ranking."""

import math
from typing import Final

import pandas as pd

from nerveseg import verdicts
from nerveseg.params.train import BASELINES
from nerveseg.reporting.decision_table import decision_words
from nerveseg.reporting.notices import NO_INTERVALS, count, listed, no_run_is_better
from nerveseg.reporting.paper_claim import paper_claim
from nerveseg.reporting.results import Results
from nerveseg.reporting.table_cells import MISSING

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
    "paper": (
        "Our scores beside those that the paper reports, in percent; the difference is ours minus "
        "the paper's, in percentage points. Read the list of differences before the numbers."
    ),
    "measures": (
        "Means per image over the validation frames unless the column head says otherwise. Frames "
        "on which a measure is undefined are left out of its mean: sensitivity if there is no "
        "nerve, distances if either mask is empty."
    ),
    "unseen": (
        "What each run would submit for frames of the test set. Click a frame to open it in the "
        "image browser, which holds more of them."
    ),
    "failures": (
        "The hardest frames by the rules below, each with this run's prediction. Each rule takes "
        "one frame from every subject before it takes a second from any, because frames of one "
        "subject fail alike."
    ),
    "browser": (
        "The browser holds the frames shown in the figures and more frames evenly spaced over the "
        "validation set and the test set, in their order."
    ),
}


def sections(results: Results) -> dict[str, str]:
    """Return the introduction of each section; those that state facts follow the data at hand."""
    return SECTIONS | {
        "leaderboard": _leaderboard(results),
        "cost": _cost(results),
        "presence": _presence(results),
        "decisions": decision_words(results),
        "examples": _examples(results),
        "paper": " ".join([SECTIONS["paper"], *paper_claim(results)]),
        "ranking": ranking(results),
    }


def _leaderboard(results: Results) -> str:
    text = "Each mean depends on which subjects were sampled"
    if results.has_intervals:
        text += ", so look at the interval before the last digits."
    else:
        text += f". {NO_INTERVALS}"
    if not results.has_test_scores:
        return f"{text} The masks of the test frames are not known here, so they have no scores."
    return (
        f"{text} Public and private scores come from other frames than the validation scores, so "
        "the columns differ by more than chance alone."
    )


def _cost(results: Results) -> str:
    text = "Networks as built in these runs, with the widths set in params.yaml."
    if not results.has_intervals:
        return text
    return (
        f"{text} Where intervals overlap, the run with the higher mean is not necessarily the "
        "better one."
    )


def _presence(results: Results) -> str:
    frames, nerves = _frames_and_nerves(results)
    if nerves == frames:
        return (
            "Every validation frame has an annotated nerve. There is no false alarm to avoid, and "
            "precision says nothing; a missed nerve still has a Dice of 0."
        )
    share = (
        f"No nerve is annotated on {frames - nerves} of {count(frames, 'validation frame')} "
        f"({100 * (frames - nerves) / frames:.0f}%), and a single false positive pixel on such a "
        "frame reduces its Dice from 1 to 0."
    )
    if not nerves:
        return share
    return f"{share} Whether a run decides correctly that a nerve is present is shown below."


def _examples(results: Results) -> str:
    frames, nerves = _frames_and_nerves(results)
    parts = ["Frames are chosen by rule."]
    if nerves:
        parts.append(
            "Of those with an annotated nerve, the report shows the frames closest to evenly "
            "spaced quantiles of the mean Dice over all runs, each from a different subject while "
            "subjects last."
        )
    if nerves < frames:
        parts.append(
            "Of those without, it shows the frame on which the runs are most evenly split over "
            "whether there is a nerve."
        )
    return " ".join([*parts, "Click a frame to open it in the image browser."])


def _frames_and_nerves(results: Results) -> tuple[int, int]:
    rows = results.rows_of_reference
    return len(rows), int((rows["true_area"] > 0).sum())


def lead(results: Results) -> str:
    """Return one sentence that says what was evaluated."""
    frames, nerves = _frames_and_nerves(results)
    subjects = results.rows_of_reference["subject"].nunique()
    return (
        f"{count(len(results.runs), 'run')}, evaluated on {count(frames, 'validation frame')}, "
        f"{nerves} with an annotated nerve, of {count(subjects, 'subject')}."
    )


def headline_scores(results: Results) -> list[dict[str, str]]:
    """Return the few scores at the top of the page as name, value and small print."""
    reference, baseline = results.reference, results.better_baseline
    title = results.title(reference)
    found = [
        _score(f"{title}, validation Dice", results.score(reference, "dice"), _interval(results)),
        _best_score(results),
        _score("Better baseline", results.score(baseline, "dice"), results.title(baseline)),
    ]
    private = results.score(reference, "private")
    if math.isfinite(private):
        better = max(BASELINES, key=lambda name: results.score(name, "private"))
        found.append(_score(f"{title}, private Dice", private, "on the test frames"))
        name = f"private Dice: {results.title(better)}"
        found.append(_score("Better baseline", results.score(better, "private"), name))
    return found


def _best_score(results: Results) -> dict[str, str]:
    best = best_run(results)
    if best is None:
        return {
            "name": "Highest validation mean",
            "value": MISSING,
            "small": no_run_is_better(results),
        }
    top, caution = best
    small = f"{results.title(top)}; {caution}"
    return _score("Highest validation mean", results.score(top, "dice"), small)


def _interval(results: Results) -> str:
    if not results.has_intervals:
        return "too few subjects for an interval"
    low, high = results.dice_interval(results.reference)
    return f"{results.percent} interval {low:.3f} to {high:.3f}"


def _score(name: str, value: float, small: str) -> dict[str, str]:
    return {"name": name, "value": f"{value:.3f}", "small": small}


def ranking(results: Results) -> str:
    """Return sentences that say what the data support about the ranking, and nothing more.

    Runs are ranked against the reference only; within the groups better, worse and
    indistinguishable they were not compared with each other.
    """
    table = results.comparison[results.comparison["run"].isin(results.runs)]
    reference = results.title(results.reference)
    if table.empty:
        return f"There is nothing to compare {reference} with: params.yaml lists no other run."
    better = _titles(results, table[table["separated"] & (table["difference"] < 0)])
    worse = _titles(results, table[table["separated"] & (table["difference"] > 0)])
    level = _titles(results, table[~table["separated"]])
    sentences = []
    if better:
        sentences.append(f"These data put {reference} above {listed(better)}.")
    if worse:
        sentences.append(f"These data put {listed(worse)} above {reference}.")
    if level:
        why = "whichever mean is higher, the difference is not significant."
        if not results.has_intervals:
            why = "there are too few validation subjects to test the difference."
        sentences.append(f"These data do not separate {reference} from {listed(level)}: {why}")
    if best_run(results) is None:
        return " ".join([*sentences, no_run_is_better(results)])
    return " ".join([*sentences, _top_group(results)])


def _top_group(results: Results) -> str:
    """Return a sentence about the highest mean and the runs indistinguishable from it."""
    table = results.standings
    tied = _titles(results, table[table["with_best"]])
    if len(tied) == 1:
        return f"{tied[0]} has the highest mean, significantly above that of every other run."
    return (
        f"{tied[0]} has the highest mean; after correction for all pairs of runs, the data do "
        f"not distinguish it from {listed(tied[1:])}."
    )


def best_run(results: Results) -> tuple[str, str] | None:
    """Return the run with the highest mean validation Dice, and a short caveat.

    Only runs that beat the baselines count; None if there is none.
    """
    ranked = [str(run) for run in results.standings["run"]]
    above = [run for run in ranked if results.verdict(run) == verdicts.ABOVE]
    if not above:
        return None
    if above[0] != ranked[0]:
        return above[0], "of the runs that are above the baselines"
    tied = int(results.standings["with_best"].sum()) - 1
    if tied:
        others = "another run" if tied == 1 else f"{tied} other runs"
        return above[0], f"indistinguishable from {others}"
    return above[0], "significantly above every other run" if len(ranked) > 1 else "the only run"


def _titles(results: Results, rows: pd.DataFrame) -> list[str]:
    return [results.title(str(run)) for run in rows["run"]]
