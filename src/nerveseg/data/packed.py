"""The packed competition and how to read it: decoded, resized frames in memory-mapped arrays.

`nerveseg.data.packed_writer` writes it.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nerveseg.csv_reader import file_rows, parse_int, read_file
from nerveseg.data.competition_tables import train_records
from nerveseg.data.layout import TrainRecord
from nerveseg.errors import InputError
from nerveseg.sha256 import sha256_of

TRAIN_IMAGES: Final = "train_images.npy"
TRAIN_MASKS: Final = "train_masks.npy"
TEST_IMAGES: Final = "test_images.npy"
TRAIN_TABLE: Final = "train.csv"
TRAIN_SUMS: Final = "train.sha256"
"""Checksums of the training frames, masks and table, as `sha256sum` writes and checks them."""
TEST_TABLE: Final = "test.csv"
TEST_HEADER: Final = ("img",)


@dataclass(frozen=True)
class Packed:
    """The packed competition. Arrays are memory maps: only the rows in use are read from disk.

    Attributes:
        train_images: N x H x W uint8, in the order of `train`.
        train_masks: N x H x W uint8 {0, 1}, in the order of `train`.
        test_images: M x H x W uint8, in the order of `test`.
        train: subject, img and RLE (at native resolution) of each training frame, in numeric order.
        test: numbers of the test images, in numeric order.
    """

    train_images: NDArray[np.uint8]
    train_masks: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    train: list[TrainRecord]
    test: list[int]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the folder that the stage `pack` wrote.

        Raises:
            InputError: a file is missing or does not match the others.
        """
        packed = cls(
            train_images=open_frames(folder / TRAIN_IMAGES),
            train_masks=open_frames(folder / TRAIN_MASKS),
            test_images=open_frames(folder / TEST_IMAGES),
            train=read_train(folder / TRAIN_TABLE),
            test=read_test(folder / TEST_TABLE),
        )
        train = (len(packed.train), *packed.size)
        shapes = (packed.train_images.shape, packed.train_masks.shape, packed.test_images.shape)
        if shapes != (train, train, (len(packed.test), *packed.size)):
            raise InputError(f"{folder}: its arrays and tables do not match; run dvc repro pack")
        return packed

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the packed frames."""
        height, width = self.train_images.shape[1:]
        return int(height), int(width)


def read_train(path: Path) -> list[TrainRecord]:
    """Return the rows of train.csv, or of any table subject,img,pixels in numeric order.

    Raises:
        InputError: the file is unreadable or malformed.
    """
    return train_records(read_file(path), str(path))


def read_test(path: Path) -> list[int]:
    """Return the rows of test.csv: numbers of the test images.

    Raises:
        InputError: the file is unreadable or malformed.
    """
    return [parse_int(img, str(path), line) for line, (img,) in file_rows(path, TEST_HEADER)]


def train_sums(folder: Path) -> str:
    """Return the checksums of the training frames, masks and table, as `sha256sum` prints them.

    Args:
        folder: the folder of the packed competition.

    Raises:
        InputError: one of the files cannot be read.
    """
    names = TRAIN_IMAGES, TRAIN_MASKS, TRAIN_TABLE
    with ThreadPoolExecutor() as pool:  # they take gigabytes, and hashing releases the GIL
        sums = list(pool.map(sha256_of, [folder / name for name in names]))
    return "".join(f"{each}  {name}\n" for each, name in zip(sums, names, strict=True))


def check_train_sums(folder: Path) -> None:
    """Read the training frames, masks and table, and compare them with their checksums.

    Args:
        folder: the folder of the packed competition.

    Raises:
        InputError: they have other checksums, or one of the files cannot be read.
    """
    path = folder / TRAIN_SUMS
    if read_file(path).decode(errors="replace") != train_sums(folder):
        raise InputError(
            f"{path}: training frames, masks or table have changed since they were packed; run "
            "dvc repro -f pack"
        )


def open_frames(path: Path) -> NDArray[np.uint8]:
    """Return the frames of one array, N x H x W uint8, as a memory map.

    Raises:
        InputError: the file is missing or malformed.
    """
    try:
        array = np.load(path, mmap_mode="r")
    except Exception as error:
        # numpy evaluates the header, which can raise many types of errors.
        raise InputError(f"{path}: not readable ({error}); run dvc repro pack") from error
    if not isinstance(array, np.ndarray) or array.dtype != np.uint8 or array.ndim != 3:  # noqa: PLR2004
        kind = getattr(array, "dtype", type(array).__name__)
        raise InputError(f"{path}: {kind}, expected N x H x W of uint8; run dvc repro -f pack")
    return array
