"""All figures of one network, and the files that hold them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nerveseg.atomic import whole_files
from nerveseg.data.layout import TrainRecord
from nerveseg.evaluation.calibration import (
    CalibrationBin,
    brier,
    calibration,
    calibration_error,
)
from nerveseg.evaluation.measure import Measured, Measures
from nerveseg.evaluation.presence import Thresholds, average_precision, detection, thresholds
from nerveseg.evaluation.tables import write_csv, write_json
from nerveseg.metrics.overlap import dice, sensitivity, specificity


def write_scores(
    folder: Path,
    truths: Sequence[TrainRecord],
    measured: Measured,
    boards: Mapping[str, float],
    bins: int,
) -> None:
    """Write frames.csv, calibration.csv, presence.csv and scores.json.

    Args:
        folder: to write to.
        truths: the frames, N.
        measured: what was measured on them.
        boards: public and private scores, and those of the all-empty submission.
        bins: of the calibration.
    """
    frames = measured.frames
    curve = thresholds(frames.presence, frames.true_area > 0, frames.dice)
    reliability = calibration(measured.pixels, bins)
    with whole_files(folder) as new:
        columns = ("subject", "img", *Measures._fields)
        keys = ([record.subject for record in truths], [record.img for record in truths])
        values = (column.tolist() for column in frames)
        write_csv(new / "frames.csv", columns, zip(*keys, *values, strict=True))
        write_csv(new / "calibration.csv", CalibrationBin._fields, reliability)
        points = zip(*(column.tolist() for column in curve), strict=True)
        write_csv(new / "presence.csv", Thresholds._fields, points)
        figures = {
            **frame_means(frames),
            **pooled(measured),
            **nerve_or_not(frames, curve),
            "ece": calibration_error(reliability),
            **boards,
            "empty_dice": float((frames.true_area == 0).mean()),
            "frames": len(truths),
            "nerves": int((frames.true_area > 0).sum()),
            "subjects": len(set(keys[0])),
        }
        write_json(new / "scores.json", figures)


def frame_means(frames: Measures) -> dict[str, float]:
    """Return means over frames, of each score over the frames where it is defined."""
    names = ("dice", "accuracy", "sensitivity", "specificity", "hd95", "msd")
    means = {name: mean_defined(getattr(frames, name)) for name in names}
    nerve = frames.true_area > 0
    return means | {
        "dice_nerve": mean_defined(frames.dice[nerve]),
        "auc_image": mean_defined(frames.auc),
    }


def pooled(measured: Measured) -> dict[str, float]:
    """Return scores over the pixels of all frames together."""
    counts = measured.counts.pooled()
    return {
        "auc": measured.pixels.auc(),
        "pooled_dice": float(dice(counts)[0]),
        "pooled_sensitivity": float(sensitivity(counts)[0]),
        "pooled_specificity": float(specificity(counts)[0]),
        "brier": brier(measured.pixels),
    }


def nerve_or_not(frames: Measures, curve: Thresholds) -> dict[str, float]:
    """Return how well frames with a nerve were told from those without."""
    found = detection(frames.predicted_area > 0, frames.true_area > 0)
    named = {f"presence_{name}": value for name, value in found._asdict().items()}
    return named | {"presence_ap": average_precision(curve)}


def mean_defined(values: NDArray[np.float64]) -> float:
    """Return the mean of what is not NaN; NaN when nothing is left."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")
