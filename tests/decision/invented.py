"""Invented validation frames: measured numbers without maps, and maps with their true masks."""

import numpy as np
from numpy.typing import NDArray

from nerveseg.decision.measured import THRESHOLDS, Measured
from nerveseg.inference.map_features import FEATURES, place_of_nerves
from nerveseg.inference.rule import Rule
from nerveseg.rle import IMAGE_SHAPE

FIXED = Rule(name="fixed", threshold=0.5, min_blob=30, min_total=100)


def invented(subjects: int = 6, frames: int = 20, seed: int = 0) -> Measured:
    """Return frames whose first feature says how probable a nerve is, as the areas do."""
    rng = np.random.default_rng(seed)
    count, steps = subjects * frames, len(THRESHOLDS)
    values = rng.normal(size=(count, len(FEATURES)))
    nerve = rng.random(count) < 1 / (1 + np.exp(-2 * values[:, 0]))
    true_area = np.where(nerve, rng.integers(3000, 9000, count), 0)
    largest = np.clip(3000 + 2500 * values[:, 0] + rng.normal(0, 500, count), 0, None)
    above = (largest[:, None] * np.linspace(1.3, 0.1, steps)).astype(np.int64)
    area = np.where(above < FIXED.min_blob, 0, above)
    share = rng.uniform(0.6, 1, (count, 1))
    hit = np.minimum(area * share, true_area[:, None]).astype(np.int64)
    return Measured(
        subject=np.repeat(np.arange(1, subjects + 1), frames),
        true_area=true_area,
        area=area,
        hit=hit,
        above=above,
        thresholds=THRESHOLDS,
        appearance=values[:, :-1],
        blob_place=np.full((count, 5), np.nan),
        true_place=np.full((count, 5), np.nan),
        known=place_of_nerves([]),
    )


def maps_and_masks(
    count: int, seed: int
) -> tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]]:
    """Return maps with a bright box, which is a nerve more often the brighter it is."""
    rng = np.random.default_rng(seed)
    maps, masks = [], []
    for _ in range(count):
        codes = rng.integers(0, 100, IMAGE_SHAPE).astype(np.uint8)
        mask = np.zeros(IMAGE_SHAPE, dtype=np.uint8)
        top, left = rng.integers(80, 160), rng.integers(250, 350)
        tall, wide = rng.integers(40, 90, 2)
        brightness = int(rng.integers(105, 190))
        codes[top : top + tall, left : left + wide] += np.uint8(brightness - 100)
        if rng.random() < (brightness - 105) / 85:
            mask[top + 4 : top + tall, left : left + wide] = 1
        maps.append(codes)
        masks.append(mask)
    return maps, masks
