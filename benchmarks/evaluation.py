"""Scoring compared with plain implementations: `python -m benchmarks.evaluation`."""

import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from benchmarks.side_by_side import Result, compare, one_cv2_thread, print_table, within
from numpy.typing import NDArray
from scipy import ndimage
from sklearn import metrics

from nerveseg.data.layout import TrainRecord
from nerveseg.evaluation.frame_scores import score_frames
from nerveseg.evaluation.validation_set import Frame, ValidationSet
from nerveseg.maps import MapWriter, quantise, read_maps
from nerveseg.rle import IMAGE_SHAPE, encode

FRAMES = 40
PAPER_FRAMES = 1127
MOST_SECONDS = 20.0


def measure() -> dict[str, Result]:
    """Return every comparison; all of them run on one thread."""
    with one_cv2_thread():
        return _scoring()


def _scoring() -> dict[str, Result]:
    with tempfile.TemporaryDirectory() as folder:
        validation = _validation(Path(folder) / "valid.b2nd")
        frames = list(validation)
        seconds = min(_seconds(validation) for _ in range(3)) * PAPER_FRAMES / FRAMES
    return {
        "all scores of a frame, scikit-learn and scipy": compare(
            lambda frame: score_frames([frame]), _plain_scores, frames[:12],
            unit="frames/s", bar=50, rounds=3,
        ),
        f"score of {PAPER_FRAMES} frames from disk": within(seconds, MOST_SECONDS, "s"),
    }  # fmt: skip


def _plain_scores(frame: Frame) -> tuple[float, ...]:
    truth, guess = frame.truth.ravel(), frame.prediction.ravel()
    overlap = (
        metrics.f1_score(truth, guess, zero_division=1.0),
        metrics.accuracy_score(truth, guess),
        metrics.recall_score(truth, guess, zero_division=np.nan),
        metrics.recall_score(truth, guess, pos_label=0),
    )
    if not truth.any():
        return overlap
    auc = metrics.roc_auc_score(truth, frame.codes.ravel())
    there, back = _plain_distances(frame.prediction, frame.truth)
    far = max(np.percentile(there, 95), np.percentile(back, 95))
    return (*overlap, auc, far, np.concatenate([there, back]).mean())


def _plain_distances(
    guess: NDArray[np.uint8], truth: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    edges = [mask.astype(bool) ^ ndimage.binary_erosion(mask) for mask in (guess, truth)]
    fields = [ndimage.distance_transform_edt(~edge) for edge in edges]
    return fields[1][edges[0]], fields[0][edges[1]]


def _validation(path: Path) -> ValidationSet:
    """Return frames of which 41% have a nerve, like the competition's, with maps on disk."""
    rng = np.random.default_rng(0)
    truths, masks = [], []
    with MapWriter(path, FRAMES) as writer:
        for img in range(FRAMES):
            nerve = rng.random() < 0.41  # noqa: PLR2004
            truth = _oval(rng) if nerve else np.zeros(IMAGE_SHAPE, dtype=np.uint8)
            near = cv2.GaussianBlur(truth.astype(np.float32), (0, 0), 9)
            speckle = cv2.GaussianBlur(rng.normal(0, 1, IMAGE_SHAPE).astype(np.float32), (0, 0), 4)
            codes = quantise(16 * near - 8 + 3 * speckle)
            writer.write(codes)
            truths.append(TrainRecord(1, img, encode(truth)))
            masks.append(TrainRecord(1, img, encode((near > 0.4).astype(np.uint8))))  # noqa: PLR2004
    return ValidationSet(truths, masks, read_maps(path))


def _oval(rng: np.random.Generator) -> NDArray[np.uint8]:
    centre = (int(rng.normal(330, 50)), int(rng.normal(140, 25)))
    axes = (int(rng.integers(35, 60)), int(rng.integers(45, 65)))
    mask = np.zeros(IMAGE_SHAPE, dtype=np.uint8)
    cv2.ellipse(mask, centre, axes, float(rng.integers(0, 90)), 0, 360, 1, -1)
    return mask


def _seconds(validation: ValidationSet) -> float:
    start = time.perf_counter()
    score_frames(validation)
    return time.perf_counter() - start


if __name__ == "__main__":
    print_table(measure())
