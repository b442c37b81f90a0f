"""The competition's layout: the names of the files in its archive, and the rows of its tables."""

import re
from typing import Final, NamedTuple

TRAIN_MASKS: Final = "train_masks.csv"
SAMPLE_SUBMISSION: Final = "sample_submission.csv"
# Stored next to the archive, never inside it.
ARCHIVE: Final = "competition.zip"
SOLUTION: Final = "solution.csv"
UNLABELLED: Final = "unlabelled.csv"
TRAIN_HEADER: Final = ("subject", "img", "pixels")
SAMPLE_HEADER: Final = ("img", "pixels")
TABLES: Final = (TRAIN_MASKS, SAMPLE_SUBMISSION)
FOLDERS: Final = ("train", "test")
IMAGE_END: Final = ".tif"
MASK_END: Final = "_mask.tif"
MOST_AROUND: Final = 2
"""Most folders around the layout."""

_NUMBER = "(?:0|[1-9][0-9]*)"
_TRAIN_IMAGE = re.compile(f"train/{_NUMBER}_{_NUMBER}\\.tif")
_TRAIN_MASK = re.compile(f"train/{_NUMBER}_{_NUMBER}_mask\\.tif")
_TEST_IMAGE = re.compile(f"test/{_NUMBER}\\.tif")


class TrainRecord(NamedTuple):
    """One row of train_masks.csv.

    Attributes:
        subject: number of the subject.
        img: number of the frame within the subject's sweep.
        pixels: RLE of the mask at native resolution; '' if no nerve is outlined.
    """

    subject: int
    img: int
    pixels: str


def image_name(subject: int, img: int) -> str:
    """Return the name of a training image."""
    return f"train/{subject}_{img}.tif"


def mask_name(subject: int, img: int) -> str:
    """Return the name of a training mask."""
    return f"train/{subject}_{img}_mask.tif"


def test_name(img: int) -> str:
    """Return the name of a test image."""
    return f"test/{img}.tif"


def is_image(name: str) -> bool:
    """Return whether `name` is that of a training image."""
    return _TRAIN_IMAGE.fullmatch(name) is not None


def is_mask(name: str) -> bool:
    """Return whether `name` is that of a training mask."""
    return _TRAIN_MASK.fullmatch(name) is not None


def is_test(name: str) -> bool:
    """Return whether `name` is that of a test image."""
    return _TEST_IMAGE.fullmatch(name) is not None


def canonical_name(components: tuple[str, ...]) -> str | None:
    """Return the name that a file has in the layout, or None if the layout does not include it.

    Args:
        components: folders and file name of the entry. Up to two folders around everything are
            ignored, because many tools add them when they zip a folder; so is the case of the names
            of folders.
    """
    *folders, name = components
    if name.startswith(".") or "__MACOSX" in folders:
        return None
    if folders and folders[-1].lower() in FOLDERS and len(folders) <= MOST_AROUND + 1:
        return f"{folders[-1].lower()}/{name}"
    return name if name in TABLES and len(folders) <= MOST_AROUND else None
