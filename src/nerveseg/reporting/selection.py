"""Which frames the report shows: by rules on the scores, never by hand.

Every function takes the validation frames' table and returns ids in its order of showing. The
table has a row per frame (index: id), the columns subject, img, true_area and contrast, and a
column for each network's Dice. Failures are one of each subject first. Ties go to the lower
subject, then the lower image.
"""

from typing import Final

import numpy as np
import pandas as pd

EXAMPLES_RULE: Final = (
    "Frames chosen by rule: of those with an outlined nerve, the ones nearest to evenly spaced "
    "quantiles of the mean Dice over all networks, each from another subject while subjects "
    "last; and of those without, the one on which the networks are most evenly split over "
    "whether there is a nerve."
)
BROWSER_RULE: Final = (
    "The browser holds the frames of the figures and others evenly spaced over the validation "
    "set in the order of subject and image."
)


def examples(frames: pd.DataFrame, networks: list[str], count: int) -> list[str]:
    """Return `count` frames with a nerve from hard to easy, then one without (where any is)."""
    ordered = _ordered(frames)
    nerves = ordered[ordered["true_area"] > 0]
    empty = ordered[ordered["true_area"] == 0]
    chosen = _at_quantiles(nerves, nerves[networks].mean(axis=1), count)
    if len(empty):
        # Without a nerve a Dice is 0 or 1: its mean is the share of networks that say none.
        split = (empty[networks].mean(axis=1) - 0.5).abs()
        chosen.append(str(split.idxmin()))
    return chosen


def _at_quantiles(frames: pd.DataFrame, values: "pd.Series[float]", count: int) -> list[str]:
    chosen: list[str] = []
    for place in range(min(count, len(frames))):
        target = float(np.quantile(values, (place + 0.5) / count))
        left = frames.drop(index=chosen)
        fresh = left[~left["subject"].isin(frames.loc[chosen, "subject"])]
        left = fresh if len(fresh) else left
        chosen.append(str((values[left.index] - target).abs().idxmin()))
    return chosen


def smallest(frames: pd.DataFrame, count: int) -> list[str]:
    """Return the frames whose outlined nerve is smallest."""
    return _least(_nerves(frames), "true_area", count)


def faintest(frames: pd.DataFrame, count: int) -> list[str]:
    """Return the frames whose outlined nerve stands out least."""
    return _least(_nerves(frames), "contrast", count)


def worst(frames: pd.DataFrame, network: str, count: int) -> list[str]:
    """Return the frames with a nerve on which `network` has its lowest Dice."""
    return _least(_nerves(frames), network, count)


def false_alarms(frames: pd.DataFrame, predicted_area: "pd.Series[int]", count: int) -> list[str]:
    """Return the frames without a nerve on which most was outlined; fewer when few were."""
    alarms = frames.assign(rest=-predicted_area)
    return _least(alarms[(frames["true_area"] == 0) & (alarms["rest"] < 0)], "rest", count)


def spread(frames: pd.DataFrame, count: int) -> list[str]:
    """Return `count` frames evenly spaced in the order of subject and image."""
    ordered = _ordered(frames)
    places = np.linspace(0, len(ordered) - 1, min(count, len(ordered))).round().astype(int)
    return [str(ordered.index[place]) for place in places]


def _nerves(frames: pd.DataFrame) -> pd.DataFrame:
    return frames[frames["true_area"] > 0]


def _least(frames: pd.DataFrame, column: str, count: int) -> list[str]:
    ordered = _ordered(frames).sort_values(column, kind="stable")
    # Neighbours in a sweep fail alike: one of each subject shows more.
    firsts = ordered[~ordered["subject"].duplicated()]
    rest = ordered.drop(index=firsts.index)
    return [str(frame) for frame in [*firsts.index, *rest.index][:count]]


def _ordered(frames: pd.DataFrame) -> pd.DataFrame:
    return frames.sort_values(["subject", "img"])
