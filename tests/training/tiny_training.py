"""A packed competition so small that a training takes a second."""

from pathlib import Path
from typing import Any

import numpy as np

from nerveseg.data import packed
from nerveseg.data.fold_table import FoldRow, write_folds
from nerveseg.data.packed_writer import write_train_sums
from nerveseg.params.train import TrainParams

FRAMES, VALID, SIZE = 18, 5, 32


def settings(**changes: object) -> TrainParams:
    """Return the parameters of a small training, with `changes`."""
    values: dict[str, Any] = {
        "epochs": 2,
        "batch": 4,
        "accumulation": 1,
        "optimizer": "adam",
        "initial_weights": None,
        "pseudo_labels": None,
        "learning_rate": 1e-3,
        "schedule": "poly",
        "power": 0.9,
        "warmup": 0,
        "weight_decay": 1e-3,
        "ema": 0,
        "average_last": 0,
        "presence_head": 0,
        "half_size": 0,
        "validate_every": 1,
        "losses": {"cross_entropy": 1.0, "squared_dice": 1.0},
        "dice_over": "frame",
        "dice_smoothing": 1.0,
        "heads": "mean",
        "soft_outline": 0,
        "balance": True,
        "flips": ["horizontal", "vertical", "diagonal"],
        "rotation": 15,
        "scale": 0,
        "shift": 0,
        "intensity": 0,
        "transforms": [],
        "channels": 1,
        "precision": "fp32",
        "deterministic": False,
        "recompute": False,
        "compile": "auto",
        "seed": 1,
    }
    return TrainParams.model_validate({**values, **changes})


def write_data(folder: Path) -> None:
    """Write packed frames with a bright square for a nerve in every third, and two folds."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 100, (FRAMES, SIZE, SIZE), dtype=np.uint8)
    masks = np.zeros_like(images)
    masks[::3, 8:20, 10:24] = 1
    images += 120 * masks
    data = folder / "data/packed"
    data.mkdir(parents=True)
    np.save(data / packed.TRAIN_IMAGES, images)
    np.save(data / packed.TRAIN_MASKS, masks)
    np.save(data / packed.TEST_IMAGES, images[:1])
    rows = [f"1,{row + 1},{'1 9' if row % 3 == 0 else ''}\n" for row in range(FRAMES)]
    (data / packed.TRAIN_TABLE).write_text("subject,img,pixels\n" + "".join(rows))
    (data / packed.TEST_TABLE).write_text("img\n1\n")
    write_train_sums(data)
    rows_of_folds = [FoldRow(1, row + 1, int(row >= VALID), False) for row in range(FRAMES)]
    write_folds(folder / "data/folds.csv", rows_of_folds)
