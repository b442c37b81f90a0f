"""The two baselines beside every run: the all-empty submission and the best constant mask.

A network that scores no better than these has learned nothing useful. Both predict the same mask
for every frame, so neither looks at a frame.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nerveseg.atomic import whole_files
from nerveseg.csv_reader import file_rows
from nerveseg.data.layout import TrainRecord
from nerveseg.data.split_table import read_split, records_of, rows_of
from nerveseg.errors import InputError
from nerveseg.evaluation.presence import detection
from nerveseg.evaluation.result_files import nan_mean, parse_float, read_csv, write_csv, write_json
from nerveseg.json_reader import parse_json
from nerveseg.metrics import overlap
from nerveseg.params.train import ALL_EMPTY, BASELINES, CONSTANT_MASK
from nerveseg.rle import decode, encode
from nerveseg.submission.score import SOLUTION_HEADER, USAGES, dice, read_solution

BOARDS: Final = ("public", "private")
LEVELS: Final = 100
"""Thresholds of the mean training mask that are tried, evenly spaced up to its maximum."""
STAGE: Final = "baselines"


@dataclass(frozen=True)
class Baselines:
    """What the stage `baselines` wrote.

    Attributes:
        scores: baseline -> metric -> value; an undefined value is missing.
        dice: baseline -> N, the Dice of each validation frame.
        keys: N, subject and img of each validation frame.
        train_frames: number of frames that the constant mask of the submission is fitted on.
        train_nerves: number of those with an outlined nerve.
    """

    scores: dict[str, dict[str, float]]
    dice: dict[str, NDArray[np.float64]]
    keys: list[tuple[int, int]]
    train_frames: int
    train_nerves: int


def best_constant_mask(masks: Iterable[str]) -> str:
    """Return the one mask, as run lengths, with the highest mean Dice on `masks`.

    It is the best of `LEVELS` thresholds of the mean of the masks that are not empty. The empty
    mask is not among the candidates: it is the other baseline. An empty true mask scores 0 against
    every other mask, so the number of such frames does not change the choice.

    Args:
        masks: run lengths of the true masks of the training frames.

    Returns:
        The run lengths of the mask; '' if all `masks` are empty.
    """
    outlined = [pixels for pixels in masks if pixels]
    if not outlined:
        return ""
    mean = np.zeros(decode("").shape)
    for pixels in outlined:
        mean += decode(pixels)
    # A pixel of level k is inside the masks of the thresholds 1 to k.
    level = np.floor(mean * (LEVELS / mean.max())).astype(np.uint8)
    areas = _at_least(level.reshape(-1))
    total = np.zeros(LEVELS + 1)
    for pixels in outlined:
        inside = _at_least(level[decode(pixels) > 0])
        total += 2 * inside / (areas + inside[0])
    return encode(level >= 1 + int(total[1:].argmax()))


def _at_least(levels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return how many of `levels` are at least 0, 1, ... `LEVELS`."""
    return np.asarray(np.bincount(levels, minlength=LEVELS + 1)[::-1].cumsum()[::-1])


def write_baselines(folder: Path, packed: Path, split: Path, solution: Path) -> None:
    """Write scores.json and frames.csv of both baselines.

    Args:
        folder: the folder to write to.
        packed: train.csv of the packed data.
        split: the split.
        solution: table img,pixels,Usage; only its header if the test masks are not known.

    Raises:
        InputError: a file is missing or malformed.
    """
    train, valid = (records_of(packed, split, part) for part in ("train", "valid"))
    known = train or valid
    constant = best_constant_mask(record.pixels for record in known)
    submitted = {ALL_EMPTY: "", CONSTANT_MASK: constant}
    masks = {name: [pixels] * len(valid) for name, pixels in submitted.items()}
    if not train:
        masks[CONSTANT_MASK] = _masks_of_other_folds(valid, split)
    found = {name: _counts(pixels, valid) for name, pixels in masks.items()}
    scores: dict[str, object] = {
        name: validation_scores(counts) | board_scores(submitted[name], solution)
        for name, counts in found.items()
    }
    scores["training"] = {"frames": len(known), "nerves": sum(row.pixels != "" for row in known)}
    with whole_files(folder) as new:
        columns = (overlap.dice(counts).tolist() for counts in found.values())
        rows = zip(valid, *columns, strict=True)
        cells = ((record.subject, record.img, *values) for record, *values in rows)
        write_csv(new / "frames.csv", ("subject", "img", *found), cells)
        write_json(new / "scores.json", scores)


def read_baselines(folder: Path) -> Baselines:
    """Read what `write_baselines` wrote.

    Raises:
        InputError: a file is missing or malformed.
    """
    path = folder / "frames.csv"
    rows = read_csv(path, ("subject", "img", *BASELINES), STAGE)
    dice = {name: np.array([parse_float(row[name], path) for row in rows]) for name in BASELINES}
    try:
        keys = [(int(row["subject"]), int(row["img"])) for row in rows]
        scores = parse_json((folder / "scores.json").read_text(encoding="utf-8"))
        training = scores["training"]
        defined = {name: _defined(scores[name]) for name in BASELINES}
        return Baselines(defined, dice, keys, int(training["frames"]), int(training["nerves"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder}: not readable ({error!r}); run dvc repro {STAGE}") from error


def validation_scores(counts: overlap.Counts) -> dict[str, float]:
    """Return those scores of a run that a mask has without probabilities, by the same names.

    Args:
        counts: correct and incorrect pixels of each validation frame.
    """
    frame_dice, pooled = overlap.dice(counts), counts.pooled()
    nerve = counts.tp + counts.fn > 0
    found = detection(counts.tp + counts.fp > 0, nerve)
    return {
        "dice": float(frame_dice.mean()),
        "dice_nerve": nan_mean(frame_dice[nerve]),
        "accuracy": nan_mean(overlap.accuracy(counts)),
        "sensitivity": nan_mean(overlap.sensitivity(counts)),
        "specificity": nan_mean(overlap.specificity(counts)),
        "pooled_dice": float(overlap.dice(pooled)[0]),
        **{f"presence_{name}": value for name, value in found._asdict().items()},
    }


def board_scores(pixels: str, solution: Path) -> dict[str, float]:
    """Return the public and private scores of a submission with the same mask for every image.

    Args:
        pixels: run lengths of the mask.
        solution: table img,pixels,Usage; only its header if the test masks are not known.

    Returns:
        NaN for a score that the solution has no image for.

    Raises:
        InputError: the file is missing or malformed.
    """
    truths = read_solution(solution).values() if has_rows(solution) else ()
    return {
        usage.lower(): nan_mean(
            np.array([dice(pixels, truth.pixels) for truth in truths if truth.usage == usage])
        )
        for usage in USAGES
        if usage.lower() in BOARDS
    }


def has_rows(solution: Path) -> bool:
    """Return whether the test masks are known.

    Raises:
        InputError: the file is missing or malformed.
    """
    return bool(list(file_rows(solution, SOLUTION_HEADER)))


def _masks_of_other_folds(valid: Sequence[TrainRecord], split: Path) -> list[str]:
    """Return the constant mask for each judged frame, fitted on the frames of other folds.

    Where every fold is trained, there are no frames that only train.
    """
    rows = read_split(split)
    folds = np.array([rows[row].fold for row in rows_of(rows, "valid")])
    pixels = np.array([record.pixels for record in valid], dtype=object)
    masks = {int(fold): best_constant_mask(pixels[folds != fold]) for fold in np.unique(folds)}
    return [masks[fold] for fold in folds.tolist()]


def _counts(masks: Sequence[str], truths: Sequence[TrainRecord]) -> overlap.Counts:
    decoded = {pixels: decode(pixels) for pixels in set(masks)}
    frames = [
        overlap.count([decoded[pixels]], [decode(truth.pixels)])
        for pixels, truth in zip(masks, truths, strict=True)
    ]
    return overlap.Counts(*np.concatenate(frames, axis=1))


def _defined(scores: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float(value) for name, value in scores.items() if value is not None}
