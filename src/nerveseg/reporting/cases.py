"""Which frames the report shows: chosen by rules on the scores, never by hand.

The rules take a table with one row per validation frame (index: id), the columns subject, img,
true_area and contrast, and one column with the Dice of each run. They return ids in display order.
The rules for failures take one frame from every subject before they take a second from any. Ties go
to the lower subject number, then to the lower image number.
"""

from dataclasses import dataclass, replace
from typing import Final, Protocol

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nerveseg.data.archive import Competition
from nerveseg.data.layout import TrainRecord
from nerveseg.reporting.results import Results
from nerveseg.rle import decode

Image = NDArray[np.uint8]
RING_WIDTH: Final = 15
"""Pixels at 580 x 420: about the width of a fascicle, less than the distance to other nerves."""


class Images(Protocol):
    """A source of frames by subject and image number."""

    def __call__(self, subject: int, img: int) -> Image:
        """Return grey levels, 420 x 580 uint8."""


def validation_images(competition: Competition) -> Images:
    """Return the grey levels of the training frames of an archive."""
    return lambda subject, img: competition.image(TrainRecord(subject, img, ""))


@dataclass(frozen=True)
class Cases:
    """Ids of the frames to show, by purpose.

    Attributes:
        frames: one row per validation frame (index: id) with subject, img, pixels (the
            annotation as run lengths), true_area, contrast and one column of Dice per run.
        examples: frames for the figures that show runs side by side.
        failures: (title, rule in words, ids) in display order.
        browser: all frames that the image browser holds.
    """

    frames: pd.DataFrame
    examples: list[str]
    failures: list[tuple[str, str, list[str]]]
    browser: list[str]


def find_cases(results: Results, examples: int, browser: int) -> Cases:
    """Choose the frames to show.

    Args:
        results: with the column `contrast` in `frames`, see `with_contrast`.
        examples: frames per figure and per kind of failure.
        browser: frames in the image browser besides those.
    """
    frames = _frame_table(results)
    shown = choose_examples(frames, results.runs, examples)
    failures = _failures(results, frames, examples)
    ids = [*shown, *(key for _, _, keys in failures for key in keys)]
    ids += evenly_spaced(frames, browser)
    return Cases(frames, shown, failures, list(dict.fromkeys(ids)))


def _frame_table(results: Results) -> pd.DataFrame:
    scored = results.frames
    dice = scored.pivot(index="id", columns="run", values="dice")
    first = scored[scored["run"] == results.reference].set_index("id")
    frames = first[["subject", "img", "true_area", "contrast", "truth"]]
    return frames.rename(columns={"truth": "pixels"}).join(dice)


def _failures(
    results: Results, frames: pd.DataFrame, count: int
) -> list[tuple[str, str, list[str]]]:
    reference = results.reference
    scored = results.frames[results.frames["run"] == reference].set_index("id")
    kinds = [
        ("Smallest nerves", "smallest annotated area", smallest(frames, count)),
        ("Faintest nerves", "lowest contrast-to-noise ratio", faintest(frames, count)),
        (
            "Worst Dice",
            "lowest Dice among frames with a nerve",
            worst(frames, reference, count),
        ),
        (
            "False alarms",
            "largest predicted area on a frame without a nerve",
            false_alarms(frames, scored["predicted_area"], count),
        ),
    ]
    return [kind for kind in kinds if kind[2]]


def choose_examples(frames: pd.DataFrame, runs: list[str], count: int) -> list[str]:
    """Return `count` frames with a nerve from hard to easy, then one without if there is any."""
    ordered = _ordered(frames)
    nerves = ordered[ordered["true_area"] > 0]
    empty = ordered[ordered["true_area"] == 0]
    mean = nerves[runs].mean(axis=1)
    # The nearest frame of another subject may be harder than the frame before.
    chosen = sorted(_at_quantiles(nerves, mean, count), key=mean.__getitem__)
    if len(empty):
        # Dice is 0 or 1 on a frame without a nerve, so its mean is the share of correct runs.
        split = (empty[runs].mean(axis=1) - 0.5).abs()
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
    """Return the frames with the smallest annotated nerves."""
    return _lowest(_with_nerve(frames), "true_area", count)


def faintest(frames: pd.DataFrame, count: int) -> list[str]:
    """Return the frames whose nerve has the lowest contrast-to-noise ratio."""
    return _lowest(_with_nerve(frames), "contrast", count)


def worst(frames: pd.DataFrame, run: str, count: int) -> list[str]:
    """Return the frames with a nerve on which `run` has its lowest Dice."""
    return _lowest(_with_nerve(frames), run, count)


def false_alarms(frames: pd.DataFrame, predicted_area: "pd.Series[int]", count: int) -> list[str]:
    """Return the frames without a nerve with the largest predicted areas; only areas above 0."""
    alarms = frames.assign(negated=-predicted_area)
    alarms = alarms[(frames["true_area"] == 0) & (alarms["negated"] < 0)]
    return _lowest(alarms, "negated", count)


def evenly_spaced(frames: pd.DataFrame, count: int) -> list[str]:
    """Return `count` frames evenly spaced in the order of subject and image."""
    ordered = _ordered(frames)
    return [str(ordered.index[place]) for place in spread(len(ordered), count)]


def spread(total: int, count: int) -> list[int]:
    """Return `count` of the places 0 .. `total` - 1, evenly spaced; all if there are no more."""
    return [round(place) for place in np.linspace(0, total - 1, min(count, total)).tolist()]


def _with_nerve(frames: pd.DataFrame) -> pd.DataFrame:
    return frames[frames["true_area"] > 0]


def _lowest(frames: pd.DataFrame, column: str, count: int) -> list[str]:
    ordered = _ordered(frames).sort_values(column, kind="stable")
    # Neighbouring frames of a sweep fail alike, so one frame per subject shows more.
    firsts = ordered[~ordered["subject"].duplicated()]
    rest = ordered.drop(index=firsts.index)
    return [str(frame) for frame in [*firsts.index, *rest.index][:count]]


def _ordered(frames: pd.DataFrame) -> pd.DataFrame:
    return frames.sort_values(["subject", "img"])


def with_contrast(results: Results, images: Images) -> Results:
    """Return `results` with a column `contrast` in `frames`; NaN for frames without a nerve."""
    annotated = results.frames[results.frames["truth"] != ""].drop_duplicates("id")
    found = {
        row["id"]: contrast_to_noise(images(row["subject"], row["img"]), decode(row["truth"]))
        for row in annotated.to_dict("records")
    }
    contrast = [found.get(key, float("nan")) for key in results.frames["id"]]
    return replace(results, frames=results.frames.assign(contrast=contrast))


def contrast_to_noise(image: Image, mask: Image) -> float:
    """Return |mean inside - mean around| / sqrt((variance inside + variance around) / 2).

    Args:
        image: grey levels, H x W uint8.
        mask: the nerve, H x W uint8 in {0, 1}; 'around' is a ring of `RING_WIDTH` pixels.

    Returns:
        A number >= 0, inf if both variances are 0; NaN if the mask is empty or fills the image.
    """
    size = 2 * RING_WIDTH + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    grown = cv2.dilate(mask, kernel)
    inside = image[mask > 0].astype(np.float64)
    around = image[(grown > 0) & (mask == 0)].astype(np.float64)
    if not inside.size or not around.size:
        return float("nan")
    noise = np.sqrt((inside.var() + around.var()) / 2)
    return float(abs(inside.mean() - around.mean()) / noise) if noise else float("inf")
