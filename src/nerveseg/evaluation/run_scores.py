"""The scores of one run over all its validation frames and test images, and their files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from nerveseg.atomic import whole_files
from nerveseg.data.layout import TrainRecord
from nerveseg.evaluation.baselines import BOARDS, has_rows
from nerveseg.evaluation.calibration import (
    CalibrationBin,
    brier,
    calibration,
    calibration_error,
)
from nerveseg.evaluation.frame_scores import FRAME_METRICS, FrameScores
from nerveseg.evaluation.presence import Thresholds, average_precision, detection, thresholds
from nerveseg.evaluation.result_files import nan_mean, write_csv, write_json
from nerveseg.evaluation.verdict import Verdict
from nerveseg.metrics.overlap import dice, sensitivity, specificity
from nerveseg.submission.score import score


def write_scores(
    folder: Path,
    truths: Sequence[TrainRecord],
    frames: FrameScores,
    *,
    boards: Mapping[str, float],
    verdict: Verdict,
    bins: int,
) -> None:
    """Write frames.csv, calibration.csv, presence.csv and scores.json.

    Args:
        folder: the folder to write to.
        truths: the records of the N frames.
        frames: their scores.
        boards: what `leaderboard_scores` returns.
        verdict: the run compared with the baselines.
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
            **verdict._asdict(),
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
    """Return the scores public and private, each in 0..1.

    A score is NaN if the solution has no image for it. If the solution has no rows at all, the
    submission is not read.

    Args:
        submission: table img,pixels.
        solution: table img,pixels,Usage; only its header if the test masks are not known.

    Raises:
        InputError: a file is missing or malformed, or they describe different images.
    """
    scores = dict.fromkeys(BOARDS, float("nan"))
    return scores | (score(submission, solution) if has_rows(solution) else {})
