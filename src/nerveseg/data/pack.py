"""Writing the packed competition: every frame decoded and resized once."""

import csv
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from nerveseg.data import packed, tables
from nerveseg.data.archive import Competition
from nerveseg.data.parallel import for_each
from nerveseg.files import whole_folder


def pack(competition: Competition, folder: Path, size: tuple[int, int]) -> None:
    """Write `folder` as `nerveseg.data.packed` reads it.

    The arrays are memory maps that the workers fill row by row: what is in memory at any
    time is a few frames, however many there are.

    Args:
        competition: where the frames come from.
        folder: where to; it appears whole or not at all.
        size: height and width of the packed frames.

    Raises:
        InputError: a frame is damaged (see `Competition`).
    """
    with whole_folder(folder) as new:
        _pack_train(competition, new, size)
        _pack_test(competition, new, size)
        _write(new / packed.TRAIN_TABLE, tables.TRAIN_HEADER, competition.train)
        _write(new / packed.TEST_TABLE, packed.TEST_HEADER, ((img,) for img in competition.test))


def _pack_train(competition: Competition, folder: Path, size: tuple[int, int]) -> None:
    count = len(competition.train)
    images = _new(folder / packed.TRAIN_IMAGES, count, size)
    masks = _new(folder / packed.TRAIN_MASKS, count, size)

    def fill(row: int) -> None:
        images[row] = resize_image(competition.image(competition.train[row]), size)
        masks[row] = resize_mask(competition.mask(competition.train[row]), size)

    for_each(fill, range(count), "pack train")


def _pack_test(competition: Competition, folder: Path, size: tuple[int, int]) -> None:
    images = _new(folder / packed.TEST_IMAGES, len(competition.test), size)

    def fill(row: int) -> None:
        images[row] = resize_image(competition.test_image(competition.test[row]), size)

    for_each(fill, range(len(competition.test)), "pack test")


def resize_image(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return `image` (uint8) squashed to `size` (height, width), each pixel its area's mean.

    Along a side that grows (420 to the paper's 512) cv2 interpolates linearly instead.
    """
    resized = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(resized, dtype=np.uint8)


def resize_mask(mask: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return `mask` (uint8 {0, 1}) at `size`: 1 where at least half of the pixel's area is inside.

    Half of 255 rounds to 128, so 8 bits decide as exactly as floats would.
    """
    return (resize_image(mask * np.uint8(255), size) >= 128).view(np.uint8)  # noqa: PLR2004


def _new(path: Path, count: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    array: NDArray[np.uint8] = open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, *size))
    return array


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
