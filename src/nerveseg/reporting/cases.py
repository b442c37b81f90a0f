"""The frames that the report shows, and why each was chosen."""

from dataclasses import dataclass

import pandas as pd

from nerveseg.reporting import selection
from nerveseg.reporting.results import Results


@dataclass(frozen=True)
class Cases:
    """Ids of frames by what they are shown for.

    Attributes:
        frames: a row per validation frame (index: id) with subject, img, pixels (the outline as
            run lengths), true_area, contrast and each network's Dice.
        examples: for the figures that hold networks side by side.
        failures: (what kind, the rule in words, ids) in the order of showing.
        browser: all that the browser holds.
    """

    frames: pd.DataFrame
    examples: list[str]
    failures: list[tuple[str, str, list[str]]]
    browser: list[str]


def find(results: Results, examples: int, browser: int) -> Cases:
    """Choose `examples` frames a figure or kind of failure, and `browser` more for the browser.

    Args:
        results: with the column `contrast` in its frames.
        examples: frames a figure.
        browser: frames.
    """
    frames = _table(results)
    shown = selection.examples(frames, results.networks, examples)
    failures = _failures(results, frames, examples)
    ids = [*shown, *(key for _, _, keys in failures for key in keys)]
    ids += selection.spread(frames, browser)
    return Cases(frames, shown, failures, list(dict.fromkeys(ids)))


def _table(results: Results) -> pd.DataFrame:
    scored = results.frames
    dice = scored.pivot(index="id", columns="network", values="dice")
    first = scored[scored["network"] == results.reference].set_index("id")
    frames = first[["subject", "img", "true_area", "contrast", "truth"]]
    return frames.rename(columns={"truth": "pixels"}).join(dice)


def _failures(
    results: Results, frames: pd.DataFrame, count: int
) -> list[tuple[str, str, list[str]]]:
    reference = results.reference
    scored = results.frames[results.frames["network"] == reference].set_index("id")
    kinds = [
        ("Smallest nerves", "least outlined area", selection.smallest(frames, count)),
        ("Faintest nerves", "least contrast-to-noise ratio", selection.faintest(frames, count)),
        (
            "Worst Dice",
            "least Dice among frames with a nerve",
            selection.worst(frames, reference, count),
        ),
        (
            "False alarms",
            "largest area outlined on a frame without a nerve",
            selection.false_alarms(frames, scored["predicted_area"], count),
        ),
    ]
    return [kind for kind in kinds if kind[2]]
