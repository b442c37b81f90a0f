"""Folders of images and masks as users have them, and the command that imports them."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nerveseg.cli import main as cli

SHAPE = (210, 290)  # half a frame
COMMAND = ("--images", "*.png", "--masks", "*_mask.png", "--subject", "^(?P<subject>[a-z]+)")


def picture(seed: int, shape: tuple[int, int] = SHAPE) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def rectangle(
    top: int, left: int, height: int, width: int, shape: tuple[int, int] = SHAPE
) -> NDArray[np.uint8]:
    mask = np.zeros(shape, np.uint8)
    mask[top : top + height, left : left + width] = 1
    return mask


def save(path: Path, pixels: NDArray[np.generic]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write_folder(folder: Path, subjects: tuple[str, ...] = ("anna", "bob", "cy", "di")) -> Path:
    """Write two frames of each subject; the second shows no nerve."""
    for number, subject in enumerate(subjects):
        for frame in (1, 2):
            mask = rectangle(50, 60 + number, 40, 80) * np.uint8(255 * (frame == 1))
            save(folder / f"{subject}_{frame}.png", picture(10 * number + frame))
            save(folder / f"{subject}_{frame}_mask.png", mask)
    return folder


def run(folder: Path, out: Path, *options: str) -> None:
    """Run `nerveseg import`."""
    cli.call(["import", str(folder), str(out), *(options or COMMAND)])


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def tree(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")))
