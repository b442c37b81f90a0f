"""A competition of a few frames, in which tests introduce faults."""

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from nerveseg import rle

SUBJECTS = (1, 2, 10)
FRAMES = (1, 2, 11)
TEST = (1, 2, 10)
# The smallest competition that the simulator draws.
SIMULATED = {
    "recipe": 1,
    "seed": 1,
    "train_subjects": 2,
    "train_frames": 2,
    "test_subjects": 1,
    "test_frames": 2,
    "nerve_share": 0.5,
    "nerve_spread": 0.1,
    "unlabelled": 0.0,
}


def tiff(image: NDArray[np.generic], photometric: str | None = None) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, image, compression="lzw", photometric=photometric)
    return file.getvalue()


def frame(seed: int) -> NDArray[np.uint8]:
    image = np.random.default_rng(seed).integers(0, 9, (420, 580), dtype=np.uint8)
    image[100:200, 10 * seed : 10 * seed + 90] += 100
    return image


def outline(subject: int, img: int) -> NDArray[np.uint8]:
    """Return a mask with a rectangle that differs by frame; frame 2 of every subject is empty."""
    mask = np.zeros((420, 580), np.uint8)
    if img != 2:
        mask[100 : 150 + subject, 200 + img : 300] = 1
    return mask


def write_folder(folder: Path) -> Path:
    """Write the competition as loose files."""
    (folder / "train").mkdir(parents=True)
    (folder / "test").mkdir()
    rows = []
    for subject in SUBJECTS:
        for img in FRAMES:
            mask = outline(subject, img)
            stem = f"train/{subject}_{img}"
            (folder / f"{stem}.tif").write_bytes(tiff(frame(subject + img)))
            (folder / f"{stem}_mask.tif").write_bytes(tiff(mask * np.uint8(255)))
            rows.append((subject, img, rle.encode(mask)))
    for img in TEST:
        (folder / f"test/{img}.tif").write_bytes(tiff(frame(img)))
    write_table(folder / "train_masks.csv", ("subject", "img", "pixels"), rows)
    write_table(folder / "sample_submission.csv", ("img", "pixels"), [(img, "1 1") for img in TEST])
    return folder


def write_table(path: Path, header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def zip_folder(
    folder: Path, path: Path, around: str = "", method: int = zipfile.ZIP_STORED
) -> Path:
    """Zip the content of `folder` under the prefix `around`."""
    with zipfile.ZipFile(path, "w", method) as file:
        for source in sorted(folder.rglob("*")):
            file.write(source, f"{around}{source.relative_to(folder)}")
    return path
