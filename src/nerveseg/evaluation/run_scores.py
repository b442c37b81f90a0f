"""The scores of one run over all its validation frames and test images, and their files."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nerveseg.atomic import whole_files
from nerveseg.csv_reader import file_rows
from nerveseg.data.layout import TrainRecord
from nerveseg.evaluation.calibration import (
    CalibrationBin,
    brier,
    calibration,
    calibration_error,
)
from nerveseg.evaluation.frame_scores import FRAME_METRICS, FrameScores
from nerveseg.evaluation.presence import Thresholds, average_precision, detection, thresholds
from nerveseg.evaluation.result_files import write_csv, write_json
from nerveseg.metrics.overlap import dice, sensitivity, specificity
from nerveseg.submission.score import SOLUTION_HEADER, score

BOARDS: Final = ("public", "private")


def write_scores(
    folder: Path,
    truths: Sequence[TrainRecord],
    frames: FrameScores,
    boards: Mapping[str, float],
    bins: int,
) -> None:
    """Write frames.csv, calibration.csv, presence.csv and scores.json.

    Args:
        folder: the folder to write to.
        truths: the records of the N frames.
        frames: their scores.
        boards: what `leaderboard_scores` returns.
        bins: number of calibration bins.
    """
    nerve = frames["true_area"] > 0
    curve = thresholds(frames["presence"], nerve, frames["dice"])
    reliability = calibration(frames.pixels, bins)
    with whole_files(folder) as new:
        keys = ([record.subject for record in truths], [record.img for record in truths])
        values = (column.tolist() for column in frames.columns.values())
        rows = zip(*keys, *values, strict=True)
        write_csv(new / "frames.csv", ("subject", "img", *frames.columns), rows)
        write_csv(new / "calibration.csv", CalibrationBin._fields, reliability)
        points = zip(*(column.tolist() for column in curve), strict=True)
        write_csv(new / "presence.csv", Thresholds._fields, points)
        scores = {
            **frame_means(frames),
            **pooled_scores(frames),
            **presence_scores(frames, curve),
            "ece": calibration_error(reliability),
            **boards,
            "empty_dice": float((~nerve).mean()),
            "frames": len(truths),
            "nerves": int(nerve.sum()),
            "subjects": len(set(keys[0])),
        }
        write_json(new / "scores.json", scores)


def frame_means(frames: FrameScores) -> dict[str, float]:
    """Return the mean of each metric over the frames where it is defined."""
    averaged = [name for name, metric in FRAME_METRICS.items() if metric.averaged]
    return {name: nan_mean(frames[name]) for name in averaged} | {
        "dice_nerve": nan_mean(frames["dice"][frames["true_area"] > 0]),
        "auc_image": nan_mean(frames["auc"]),
    }


def pooled_scores(frames: FrameScores) -> dict[str, float]:
    """Return scores over the pixels of all frames together."""
    counts = frames.counts.pooled()
    return {
        "auc": frames.pixels.auc(),
        "pooled_dice": float(dice(counts)[0]),
        "pooled_sensitivity": float(sensitivity(counts)[0]),
        "pooled_specificity": float(specificity(counts)[0]),
        "brier": brier(frames.pixels),
    }


def presence_scores(frames: FrameScores, curve: Thresholds) -> dict[str, float]:
    """Return how well frames with a nerve were distinguished from frames without."""
    found = detection(frames["predicted_area"] > 0, frames["true_area"] > 0)
    named = {f"presence_{name}": value for name, value in found._asdict().items()}
    return named | {"presence_ap": average_precision(curve)}


def leaderboard_scores(submission: Path, solution: Path) -> dict[str, float]:
    """Return the scores public, private, empty_public and empty_private, each in 0..1.

    A score is NaN if the solution has no image for it. If it has none at all, all four are NaN
    and the submission is not read.

    Args:
        submission: table img,pixels.
        solution: table img,pixels,Usage; only its header if the test masks are not known.

    Raises:
        InputError: a file is missing or malformed, or they describe different images.
    """
    empty = all_empty_scores(solution)
    scores = dict.fromkeys(BOARDS, float("nan"))
    if not all(math.isnan(value) for value in empty.values()):
        scores |= score(submission, solution)
    return scores | {f"empty_{board}": value for board, value in empty.items()}


def all_empty_scores(solution: Path) -> dict[str, float]:
    """Return the public and private scores of a submission whose masks are all empty.

    An image without a nerve scores 1, any other image 0. NaN if the solution has no image.

    Raises:
        InputError: the file is missing or malformed.
    """
    rows = [fields for _, fields in file_rows(solution, SOLUTION_HEADER)]
    return {board: _share_of_empty(rows, board) for board in BOARDS}


def nan_mean(values: NDArray[np.float64]) -> float:
    """Return the mean of the values that are not NaN; NaN, without a warning, if there are none."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def _share_of_empty(rows: list[list[str]], board: str) -> float:
    empty = [not pixels for _, pixels, usage in rows if usage.lower() == board]
    return sum(empty) / len(empty) if empty else float("nan")
