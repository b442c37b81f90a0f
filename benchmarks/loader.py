"""Loading frames, compared with decoding each one again: `python -m benchmarks.loader`."""

import os
import tempfile
import zipfile
from pathlib import Path
from typing import Final, NamedTuple

# Albumentations asks a server for its newest version on import, unless told not to.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
import albumentations
import cv2
import numpy as np
import torch
from benchmarks.side_by_side import Result, compare, one_cv2_thread, print_table
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from nerveseg.data.archive import Competition
from nerveseg.data.augment import Augmentation
from nerveseg.data.dataset import FrameBatches, loader
from nerveseg.data.packed import Packed
from nerveseg.data.packed_writer import write_packed
from nerveseg.data.random_warp import Strengths
from nerveseg.data.sampler import Draw, EpochSampler
from nerveseg.data.simulated.competition import write_competition
from nerveseg.params.data import SimulatedSource

# As in the paper.
SIZE: Final = 512
BATCH: Final = 8
FLIPS: Final = ("horizontal", "vertical", "diagonal")
ROTATION: Final = 15
SIMULATED: Final = SimulatedSource(
    recipe=1,
    seed=1,
    train_subjects=4,
    train_frames=8,
    test_subjects=1,
    test_frames=2,
    nerve_share=0.5,
    nerve_spread=0.1,
    unlabelled=0.0,
)


class Files(NamedTuple):
    """One frame as Kaggle serves it: two LZW TIFFs, 420 x 580."""

    image: str
    mask: str


def measure() -> dict[str, Result]:
    """Return every comparison; the bars are the project's own goals."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_competition(folder, SIMULATED)
        with zipfile.ZipFile(folder / "competition.zip") as archive:
            archive.extractall(folder)
        with Competition(folder / "competition.zip") as competition:
            write_packed(competition, folder / "packed", (SIZE, SIZE))
        files = [
            Files(str(image), str(image.with_name(f"{image.stem}_mask.tif")))
            for image in sorted(folder.glob("train/*[0-9].tif"))
        ]
        packed = Packed.open(folder / "packed")
        return _one_core(files, packed) | _two_workers(packed)


def _one_core(files: list[Files], packed: Packed) -> dict[str, Result]:
    change = Augmentation(FLIPS, Strengths(ROTATION), (SIZE, SIZE), 1)
    batches = FrameBatches(packed.train_images, packed.train_masks, change)
    augment = _plain_augmentation()

    def ours(start: int) -> object:
        return batches[[Draw(0, row, 0, 0.125) for row in range(start, start + BATCH)]]

    def peer(start: int) -> object:
        return [_decoded(each, augment) for each in files[start : start + BATCH]]

    with one_cv2_thread():
        return {
            "loader, one core: memory map, bytes": compare(
                ours, peer, range(0, len(files), BATCH), unit="frames/s", bar=3.0, per_item=BATCH
            )
        }


def _two_workers(packed: Packed) -> dict[str, Result]:
    frames = len(packed.train_images)
    rows = np.tile(np.arange(frames), 8)
    sampler = EpochSampler(rows, rows % 2 == 0, batch=BATCH, seed=1)
    change = Augmentation(FLIPS, Strengths(ROTATION), (SIZE, SIZE), 1)
    batches = FrameBatches(packed.train_images, packed.train_masks, change)
    ours = loader(batches, sampler, workers=2, pin=False)
    peer = DataLoader(
        _FloatFrames(packed, len(rows)),
        batch_size=BATCH,
        num_workers=2,
        persistent_workers=True,
        generator=torch.Generator(),
    )
    return {
        "loader, two workers: bytes, not floats": compare(
            lambda _: [None for _ in ours],
            lambda _: [None for _ in peer],
            [0],
            unit="frames/s",
            bar=2.0,
            per_item=len(rows),
            rounds=4,
        )
    }


class _FloatFrames(Dataset[tuple[Tensor, Tensor]]):
    """Samples as most code gives them to the loader: three normalised float channels."""

    def __init__(self, packed: Packed, count: int) -> None:
        self._packed = packed
        self._count = count
        self._augment = _plain_augmentation()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor]:
        row = place % len(self._packed.train_images)
        image, mask = self._packed.train_images[row], self._packed.train_masks[row]
        return _floats(self._augment(image=np.asarray(image), mask=np.asarray(mask)))


def _plain_augmentation() -> albumentations.Compose:
    return albumentations.Compose(
        [
            albumentations.HorizontalFlip(p=0.5),
            albumentations.VerticalFlip(p=0.5),
            albumentations.Transpose(p=0.5),
            albumentations.Rotate(limit=ROTATION, border_mode=cv2.BORDER_CONSTANT, p=1.0),
        ]
    )


def _decoded(files: Files, augment: albumentations.Compose) -> tuple[Tensor, Tensor]:
    image, mask = (_resized(name) for name in files)
    return _floats(augment(image=image, mask=mask // 255))


def _resized(name: str) -> NDArray[np.uint8]:
    image = cv2.imread(name, cv2.IMREAD_GRAYSCALE)
    assert image is not None
    resized = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, dtype=np.uint8)


def _floats(changed: dict[str, NDArray[np.uint8]]) -> tuple[Tensor, Tensor]:
    image = torch.from_numpy(np.ascontiguousarray(changed["image"])).float()
    normalised = ((image / 255.0 - 0.449) / 0.226).expand(3, -1, -1).contiguous()
    return normalised, torch.from_numpy(np.ascontiguousarray(changed["mask"])).float()


if __name__ == "__main__":
    print_table(measure())
