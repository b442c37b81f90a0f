"""Writing the packed competition: decodes and resizes every frame once."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from nerveseg.atomic import whole_files
from nerveseg.data import packed
from nerveseg.data.archive import Competition
from nerveseg.data.layout import TRAIN_HEADER
from nerveseg.data.parallel import for_each
from nerveseg.errors import InputError


def write_packed(competition: Competition, folder: Path, size: tuple[int, int]) -> None:
    """Write the files that `nerveseg.data.packed` reads to `folder`.

    Only a few frames are in memory at any time, however many there are.

    Args:
        competition: the source of the frames.
        folder: the folder to write to; either all files appear, complete, or none.
        size: (height, width) of the packed frames.

    Raises:
        InputError: a frame is damaged (see `Competition`), or the disk is full.
    """
    with whole_files(folder) as new:
        _write_train(competition, new, size)
        _write_test(competition, new, size)
        _write_table(new / packed.TRAIN_TABLE, TRAIN_HEADER, competition.train)
        write_train_sums(new)
        _write_table(
            new / packed.TEST_TABLE, packed.TEST_HEADER, ((img,) for img in competition.test)
        )


def write_train_sums(folder: Path) -> None:
    """Write the checksums of the training frames, masks and table to their folder.

    Every training names its checkpoints by them, and need not read gigabytes for that.
    """
    (folder / packed.TRAIN_SUMS).write_text(packed.train_sums(folder))


def _write_train(competition: Competition, folder: Path, size: tuple[int, int]) -> None:
    records = competition.train

    def put(row: int) -> None:
        images.put(row, resize_image(competition.image(records[row]), size))
        masks.put(row, resize_mask(competition.mask(records[row]), size))

    with (
        FrameFile(folder / packed.TRAIN_IMAGES, len(records), size) as images,
        FrameFile(folder / packed.TRAIN_MASKS, len(records), size) as masks,
    ):
        for_each(put, range(len(records)), "pack train")


def _write_test(competition: Competition, folder: Path, size: tuple[int, int]) -> None:
    numbers = competition.test
    with FrameFile(folder / packed.TEST_IMAGES, len(numbers), size) as images:
        for_each(
            lambda row: images.put(row, resize_image(competition.test_image(numbers[row]), size)),
            range(len(numbers)),
            "pack test",
        )


class FrameFile:
    """A .npy file of uint8 frames that several threads fill in any order.

    Frames written through a memory map would count towards the process's memory until the end.
    """

    def __init__(self, path: Path, count: int, size: tuple[int, int]) -> None:
        """Create the file: `count` x height x width, all zeros."""
        array = open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, *size))
        self._start, self._frame = array.offset, size[0] * size[1]
        self._file = path.open("r+b", buffering=0)

    def put(self, row: int, frame: NDArray[np.uint8]) -> None:
        """Write the frame with index `row`.

        Raises:
            InputError: the disk is full.
        """
        at = self._start + row * self._frame
        try:
            written = os.pwrite(self._file.fileno(), frame.tobytes(), at)
        except OSError as error:
            raise InputError(
                f"{self._file.name}: {error.strerror}; free some disk space"
            ) from error
        if written != self._frame:
            raise InputError(f"{self._file.name}: no disk space for frame {row}; free some")

    def __enter__(self) -> Self:
        """Return the open file."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()


def resize_image(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return `image` (uint8) resized to `size` (height, width), each pixel the mean of its area.

    The aspect ratio may change. If a side grows (420 to the paper's 512), cv2 interpolates linearly
    along both sides instead.
    """
    resized = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(resized, dtype=np.uint8)


def resize_mask(mask: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return `mask` (uint8 {0, 1}) at `size`: 1 if at least half of the pixel's area is inside.

    Half of 255 rounds to 128, so 8 bits decide as exactly as floats would.
    """
    return (resize_image(mask * np.uint8(255), size) >= 128).view(np.uint8)  # noqa: PLR2004


def _write_table(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
