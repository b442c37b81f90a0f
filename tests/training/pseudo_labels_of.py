"""Test frames, and pseudo-labels of some of them, for a tiny training."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tiny_training import SIZE

from nerveseg.data import packed
from nerveseg.data.fold_table import assignment_of, read_folds
from nerveseg.pseudo_labels import Origin, PseudoLabels, hash_of_test, path_of, save_labels

TEST = 12
LABELLED = np.array([1, 2, 5, 6, 7, 11])
"""Rows of the labelled test frames; the first three are labelled with a nerve."""
FOLDER = Path("external/pseudo/small")


def write_test_frames(folder: Path, seed: int = 5) -> NDArray[np.uint8]:
    """Replace the test frames; return them, `TEST` x H x W."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 200, (TEST, SIZE, SIZE), dtype=np.uint8)
    data = folder / "data/packed"
    np.save(data / packed.TEST_IMAGES, images)
    (data / packed.TEST_TABLE).write_text("".join(["img\n", *(f"{3 * n}\n" for n in range(TEST))]))
    return images


def masks(seed: int = 0) -> NDArray[np.uint8]:
    """Return the masks of the `LABELLED` frames."""
    drawn = np.random.default_rng(seed).integers(0, 2, (len(LABELLED), SIZE, SIZE), dtype=np.uint8)
    drawn[3:] = 0
    return drawn


def write_labels(project: Path, seed: int = 0, fold: int = 0) -> Path:
    """Write labels for fold 0 of the project's split, which say that they are those of `fold`."""
    origin = Origin(
        run="unet",
        fold=fold,
        assignment=assignment_of(read_folds(project / "data/folds.csv")),
        test=hash_of_test(project / "data/packed"),
        weights={},
        parameters={},
        sure=0.9,
        least_area=1,
    )
    path = path_of(project / FOLDER, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    bits = np.packbits(masks(seed).reshape(len(LABELLED), -1), axis=1)
    certainty = np.full(len(LABELLED), 0.95, np.float32)
    labels = PseudoLabels(origin, 3 * LABELLED.astype(np.int64), bits, certainty, (SIZE, SIZE))
    save_labels(path, labels)
    return path
