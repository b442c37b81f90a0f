"""The report's prose."""

import math
from typing import Final

from nerveseg.reporting import verdict
from nerveseg.reporting.results import Results
from nerveseg.reporting.selection import BROWSER_RULE, EXAMPLES_RULE

TITLE: Final = "Nerve segmentation in ultrasound"

WARNINGS: Final = {
    "simulated": (
        "These are frames of a simulated competition, made on the spot so that everything can be "
        "run without an account. Its numbers show that the pipeline works; they say nothing "
        "about how the networks do on patients, nor which of them is better there."
    ),
    "archive": (
        "These are frames of an archive of your own. What the report calls nerve is whatever "
        "that archive outlines."
    ),
}

SECTIONS: Final = {
    "leaderboard": (
        "One mean is one draw of subjects: read the interval before the digit. Validation "
        "subjects and test subjects are different people, so the columns differ by more than "
        "chance alone."
    ),
    "paper": (
        "Ours beside what the paper states, in per cent; the difference is ours minus the "
        "paper's, in points. Read the caption before the difference."
    ),
    "measures": (
        "Means per image over the validation frames unless the head says otherwise. What is "
        "undefined on a frame is left out of its mean: sensitivity where there is no nerve, "
        "distances where either mask is empty."
    ),
    "presence": (
        "Over half of all frames have no visible nerve, and one false pixel on such a frame "
        "costs its whole point: the decision whether there is a nerve weighs more than its "
        "outline."
    ),
    "cost": (
        "Networks as this run built them, with the widths in params.yaml. Where intervals overlap, "
        "the higher mark is not the better network."
    ),
    "examples": EXAMPLES_RULE + " Press a frame to open it in the browser.",
    "failures": (
        "The hardest frames by four rules, each with the prediction of this network: one frame a "
        "subject while subjects last, for neighbours in a sweep fail alike."
    ),
    "browser": BROWSER_RULE,
}


def lead(results: Results) -> str:
    """Return what was run, in a sentence."""
    frames = results.frames[results.frames["network"] == results.reference]
    subjects = frames["subject"].nunique()
    nerves = int((frames["true_area"] > 0).sum())
    return (
        f"{len(results.networks)} network{'s' if len(results.networks) > 1 else ''}, scored on "
        f"{len(frames)} validation frames of {subjects} subject{'s' if subjects > 1 else ''}, "
        f"{nerves} of them with an outlined nerve."
    )


def facts(results: Results) -> list[dict[str, str]]:
    """Return the head's few figures, as name, value and small print."""
    top, caution = verdict.best(results)
    name = results.reference
    title = results.title(name)
    found = [
        _fact(
            f"{title}, validation Dice",
            results.score(name, "dice"),
            _interval(results, name),
        ),
        _fact(
            "Highest validation mean",
            results.score(top, "dice"),
            f"{results.title(top)}; {caution}",
        ),
    ]
    private = results.score(name, "private")
    if math.isfinite(private):
        empty = results.score(name, "empty_private")
        found.append(_fact(f"{title}, private Dice", private, "on the test frames"))
        found.append(_fact("All-empty submission", empty, "outlining nothing, private"))
    return found


def _interval(results: Results, name: str) -> str:
    low, high = results.interval(name)
    if not math.isfinite(low):
        return "too few subjects for an interval"
    return f"95% interval {low:.3f} to {high:.3f}"


def _fact(name: str, value: float, small: str) -> dict[str, str]:
    return {"name": name, "value": f"{value:.3f}", "small": small}
