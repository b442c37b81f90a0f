"""Turns prediction maps into files of masks: the submission and the validation masks."""

import csv
from collections.abc import Sequence
from pathlib import Path

from nerveseg.atomic import whole_file
from nerveseg.data.layout import TRAIN_HEADER
from nerveseg.data.split_table import SplitRow, rows_of
from nerveseg.errors import InputError
from nerveseg.inference.postprocess import encoded_masks
from nerveseg.maps import read_maps
from nerveseg.submission.submission_csv import write


def encode_test(
    maps: Path,
    images: Sequence[int],
    submission: Path,
    *,
    threshold: float,
    min_blob: int,
    min_total: int,
) -> None:
    """Write the submission `img,pixels`, after checking it.

    Args:
        maps: prediction maps of the test images (`nerveseg.maps`).
        images: the column `img` of the test images, in the order of the maps.
        submission: file to write.
        threshold: as in `nerveseg.inference.postprocess.encoded_masks`.
        min_blob: likewise, in pixels.
        min_total: likewise, in pixels.

    Raises:
        InputError: the maps are missing or damaged, or there are more or fewer of them than
            images.
    """
    pixels = _encoded(maps, len(images), threshold, min_blob, min_total)
    write(submission, dict(zip(images, pixels, strict=True)))


def encode_valid(
    maps: Path,
    split: Sequence[SplitRow],
    masks: Path,
    *,
    threshold: float,
    min_blob: int,
    min_total: int,
) -> None:
    """Write the masks of the validation frames, `subject,img,pixels`.

    Args:
        maps: prediction maps of the validation frames (`nerveseg.maps`), in the split's order.
        split: the rows of the split.
        masks: file to write.
        threshold: as in `nerveseg.inference.postprocess.encoded_masks`.
        min_blob: likewise, in pixels.
        min_total: likewise, in pixels.

    Raises:
        InputError: the maps are missing or damaged, or there are more or fewer of them than
            validation frames.
    """
    valid = [split[row] for row in rows_of(split, "valid").tolist()]
    pixels = _encoded(maps, len(valid), threshold, min_blob, min_total)
    with whole_file(masks) as new, new.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(TRAIN_HEADER)
        for frame, encoded in zip(valid, pixels, strict=True):
            writer.writerow((frame.subject, frame.img, encoded))


def _encoded(path: Path, count: int, threshold: float, min_blob: int, min_total: int) -> list[str]:
    maps = read_maps(path)
    if len(maps) != count:
        raise InputError(f"{path}: {len(maps)} maps for {count} frames; run dvc repro predict")
    return encoded_masks(maps, threshold, min_blob, min_total)
