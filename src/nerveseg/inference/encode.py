"""Writing the masks of prediction maps: the submission, and the validation masks."""

import csv
from collections.abc import Sequence
from pathlib import Path

from nerveseg.atomic import whole_file
from nerveseg.data.split_table import SplitRow, rows_of
from nerveseg.data.tables import TRAIN_HEADER
from nerveseg.errors import InputError
from nerveseg.inference.postprocess import outlines
from nerveseg.maps import read_maps
from nerveseg.submission.table import write


def encode_test(
    maps: Path,
    numbers: Sequence[int],
    submission: Path,
    *,
    threshold: float,
    min_blob: int,
    min_total: int,
) -> None:
    """Write the submission `img,pixels`, checked before it appears.

    Args:
        maps: prediction maps of the test images (`nerveseg.maps`).
        numbers: of the test images, in the order of the maps.
        submission: the file to write.
        threshold: as in `nerveseg.inference.postprocess.outlines`, like the other two.
        min_blob: see there.
        min_total: see there.

    Raises:
        InputError: the maps are missing, damaged, or of another number of images.
    """
    pixels = _outlines(maps, len(numbers), threshold, min_blob, min_total)
    write(submission, dict(zip(numbers, pixels, strict=True)))


def encode_valid(
    maps: Path,
    places: Sequence[SplitRow],
    masks: Path,
    *,
    threshold: float,
    min_blob: int,
    min_total: int,
) -> None:
    """Write the masks of the validation frames, `subject,img,pixels`.

    Args:
        maps: prediction maps of the validation frames (`nerveseg.maps`), in the split's order.
        places: the split.
        masks: the file to write.
        threshold: as in `nerveseg.inference.postprocess.outlines`, like the other two.
        min_blob: see there.
        min_total: see there.

    Raises:
        InputError: the maps are missing, damaged, or of another number of frames.
    """
    valid = [places[row] for row in rows_of(places, "valid").tolist()]
    pixels = _outlines(maps, len(valid), threshold, min_blob, min_total)
    with whole_file(masks) as new, new.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(TRAIN_HEADER)
        for place, outline in zip(valid, pixels, strict=True):
            writer.writerow((place.subject, place.img, outline))


def _outlines(path: Path, count: int, threshold: float, min_blob: int, min_total: int) -> list[str]:
    maps = read_maps(path)
    if len(maps) != count:
        raise InputError(f"{path}: {len(maps)} maps for {count} frames; run dvc repro predict")
    return outlines(maps, threshold, min_blob, min_total)
