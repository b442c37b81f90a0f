"""Masks and scores, each compared with the usual library: `python -m benchmarks.masks`."""

import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from benchmarks.side_by_side import Result, compare, one_cv2_thread, print_table, within
from numpy.typing import NDArray
from pycocotools import mask as coco
from skimage.measure import label, regionprops
from skimage.transform import resize
from sklearn.metrics import roc_auc_score

from nerveseg import rle
from nerveseg.inference.postprocess import clean
from nerveseg.maps import MapWriter, quantise
from nerveseg.metrics import overlap
from nerveseg.metrics.ranking import PixelRanking

HEIGHT, WIDTH = rle.IMAGE_SHAPE
MASKS = 60
MAPS = 8
MIN_BLOB = 2000


def measure() -> dict[str, Result]:
    """Return every comparison; the bars are the project's own goals."""
    with one_cv2_thread():
        return _masks() | _ranking() | _sizes()


def _masks() -> dict[str, Result]:
    masks = [_nerve(seed) for seed in range(MASKS)]
    pairs = list(zip(masks, masks[1:] + masks[:1], strict=True))
    speckled = [mask | _specks(seed) for seed, mask in enumerate(masks)]
    unit = "masks/s"
    return {
        "RLE encode, numpy": compare(rle.encode, _rle_numpy, masks, unit=unit, bar=4.5, rounds=25),
        "RLE encode, pycocotools": compare(
            rle.encode, _rle_coco, masks, unit=unit, bar=1, rounds=25
        ),
        "overlap counts, numpy": compare(
            _counts, _counts_numpy, pairs, unit=unit, bar=8, rounds=25
        ),
        "small blobs, scikit-image": compare(
            _clean, _clean_skimage, speckled, unit=unit, bar=12, rounds=3
        ),
    }


def _ranking() -> dict[str, Result]:
    truth = [_nerve(seed) for seed in range(MAPS)]
    logits = [_logits(mask, seed) for seed, mask in enumerate(truth)]
    pixels = MAPS * HEIGHT * WIDTH
    exact = (np.stack(logits), np.stack(truth))
    coded = (quantise(exact[0]), exact[1])
    error = abs(_auc(coded) - _auc_sklearn(exact))
    return {
        "pixel AUC of uint8 codes, scikit-learn": compare(
            _auc, _auc_sklearn, [coded], unit="Mpx/s", bar=50,
            per_item=pixels / 1e6, rounds=3,
        ),
        "pixel AUC of uint8 codes, error": within(max(error, 1e-12), 1e-5, ""),
        "pixel AUC of uint8 codes, extra memory": within(_extra_memory(coded), 16, "MiB"),
    }  # fmt: skip


def _sizes() -> dict[str, Result]:
    rng = np.random.default_rng(0)
    small = [rng.normal(size=(512, 512)).astype(np.float32) for _ in range(6)]
    logits = [_logits(_nerve(seed), seed) for seed in range(MAPS)]
    return {
        "resize to native, scikit-image": compare(
            _resize, _resize_skimage, small, unit="maps/s", bar=20, rounds=3
        ),
        "stored maps": within(_stored(logits) / (MAPS * HEIGHT * WIDTH), 1, "bytes/pixel"),
    }


def _nerve(seed: int) -> NDArray[np.uint8]:
    """Return a wavy oval with a position and size that are typical of the competition."""
    rng = np.random.default_rng(seed)
    row, column = rng.uniform(110, 180), rng.uniform(280, 380)
    angle = np.linspace(0, 2 * np.pi, 90)
    wave = 1 + 0.04 * np.sin(5 * angle + rng.uniform(0, 6))
    outline = np.stack(
        [column + rng.uniform(36, 52) * wave * np.cos(angle), row + 58 * wave * np.sin(angle)], 1
    )
    mask = np.zeros(rle.IMAGE_SHAPE, dtype=np.uint8)
    cv2.fillPoly(mask, [outline.round().astype(np.int32)], 1)
    return mask


def _specks(seed: int) -> NDArray[np.uint8]:
    mask = np.zeros(rle.IMAGE_SHAPE, dtype=np.uint8)
    for column, row in np.random.default_rng(seed).integers((250, 90), (420, 230), (3, 2)):
        cv2.circle(mask, (int(column), int(row)), 6, 1, -1)
    return mask


def _logits(mask: NDArray[np.uint8], seed: int) -> NDArray[np.float32]:
    """Return logits like those of a network: smooth, and uncertain near the outline."""
    noise = np.random.default_rng(seed).normal(0, 25, (12, 16)).astype(np.float32)
    soft = cv2.GaussianBlur(mask.astype(np.float32) * 16 - 10, (0, 0), 12)
    return np.asarray(soft + cv2.resize(noise, (WIDTH, HEIGHT)) / 8, dtype=np.float32)


def _rle_numpy(mask: NDArray[np.uint8]) -> str:
    """Encode as most of the competition's public notebooks do."""
    pixels = np.concatenate([[0], mask.T.flatten(), [0]])
    runs = np.where(pixels[1:] != pixels[:-1])[0] + 1
    runs[1::2] -= runs[::2]
    return " ".join(str(number) for number in runs)


def _rle_coco(mask: NDArray[np.uint8]) -> object:
    return coco.encode(np.asfortranarray(mask))  # its own format, not yet the competition's


def _counts(pair: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> overlap.Counts:
    return overlap.count(pair[:1], pair[1:])


def _counts_numpy(pair: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> tuple[int, ...]:
    guess, right = pair[0].astype(bool), pair[1].astype(bool)
    cells = (guess & right, guess & ~right, ~guess & right, ~guess & ~right)
    return tuple(int(cell.sum()) for cell in cells)


def _clean(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return clean(mask, MIN_BLOB, MIN_BLOB)


def _clean_skimage(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    labels = label(mask, connectivity=2)
    for region in regionprops(labels):
        if region.area < MIN_BLOB:
            labels[labels == region.label] = 0
    kept = labels > 0
    whole = kept if kept.sum() >= MIN_BLOB else np.zeros_like(kept)
    return np.asarray(whole, dtype=np.uint8)


def _auc(pair: tuple[NDArray[Any], NDArray[np.uint8]]) -> float:
    ranking = PixelRanking()
    ranking.update(*pair)
    return ranking.auc()


def _auc_sklearn(pair: tuple[NDArray[Any], NDArray[np.uint8]]) -> float:
    return float(roc_auc_score(pair[1].ravel(), pair[0].ravel()))


def _extra_memory(pair: tuple[NDArray[Any], NDArray[np.uint8]]) -> float:
    tracemalloc.start()
    _auc(pair)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 2**20


def _resize(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(logits, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR))


def _resize_skimage(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(resize(logits, (HEIGHT, WIDTH), order=1, anti_aliasing=False))


def _stored(logits: list[NDArray[np.float32]]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "maps.b2nd"
        with MapWriter(path, len(logits)) as writer:
            for one in logits:
                writer.write(quantise(one))
        return path.stat().st_size


if __name__ == "__main__":
    print_table(measure())
