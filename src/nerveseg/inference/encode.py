"""Turns prediction maps into files of masks: the submission and the validation masks."""

import csv
from collections.abc import Sequence
from pathlib import Path

from nerveseg.atomic import whole_file
from nerveseg.data.layout import TRAIN_HEADER
from nerveseg.data.split_table import SplitRow, rows_of
from nerveseg.errors import InputError, within
from nerveseg.inference.decision_file import Decision, rules_of
from nerveseg.inference.rule import Rule, mask_of
from nerveseg.inference.shape_prior import ShapePrior
from nerveseg.inference.sweep import smoothed_test, smoothed_validation
from nerveseg.maps import FrameMaps, Maps, read_maps
from nerveseg.rle import encode
from nerveseg.submission.submission_csv import write


def encode_test(
    maps: Path,
    images: Sequence[int],
    submission: Path,
    decision: Decision,
    data: Path = Path("data"),
) -> None:
    """Write the submission `img,pixels`, after checking it.

    Args:
        maps: prediction maps of the test images (`nerveseg.maps`).
        images: the column `img` of the test images, in the order of the maps.
        submission: file to write.
        decision: what the stage decide wrote.
        data: the folder that holds the packed frames; read if the decision smooths maps.

    Raises:
        InputError: the maps are missing or damaged, or there are more or fewer of them than
            images.
    """
    opened = _opened(maps, len(images))
    rules = [decision.test] * len(images)
    pixels = _encoded(smoothed_test(opened, decision.sweep, data), rules, decision.shape)
    write(submission, dict(zip(images, pixels, strict=True)))


def encode_valid(
    maps: Path,
    split: Sequence[SplitRow],
    masks: Path,
    decision: Decision,
    data: Path = Path("data"),
) -> None:
    """Write the masks of the validation frames, `subject,img,pixels`.

    Args:
        maps: prediction maps of the validation frames (`nerveseg.maps`), in the split's order.
        split: the rows of the split.
        masks: file to write.
        decision: what the stage decide wrote.
        data: the folder that holds the packed frames; read if the decision smooths maps.

    Raises:
        InputError: the maps are missing or damaged, or there are more or fewer of them than
            validation frames; or the decision was made for other subjects.
    """
    valid = [split[row] for row in rows_of(split, "valid").tolist()]
    with within(str(masks)):
        rules = rules_of(decision, [frame.subject for frame in valid])
    opened = _opened(maps, len(rules))
    pixels = _encoded(smoothed_validation(opened, decision.sweep, data), rules, decision.shape)
    with whole_file(masks) as new, new.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(TRAIN_HEADER)
        for frame, encoded in zip(valid, pixels, strict=True):
            writer.writerow((frame.subject, frame.img, encoded))


def _opened(path: Path, frames: int) -> Maps:
    maps = read_maps(path)
    if len(maps) != frames:
        raise InputError(f"{path}: {len(maps)} maps for {frames} frames; run dvc repro predict")
    return maps


def _encoded(maps: FrameMaps, rules: Sequence[Rule], shape: ShapePrior | None) -> list[str]:
    """Return the run-length encoded mask of every map, each by its own rule."""
    masks = (mask_of(codes, rule) for codes, rule in zip(maps, rules, strict=True))
    return [encode(shape.reshaped(mask) if shape else mask) for mask in masks]
