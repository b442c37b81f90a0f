"""The AUC over pixels, against scikit-learn and values worked by hand."""

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from nerveseg.maps import quantise
from nerveseg.metrics.ranking import PixelRanking
from nerveseg.rle import IMAGE_SHAPE

truths = arrays(np.uint8, (3, 4, 5), elements=st.integers(0, 1))
codes = arrays(np.uint8, (3, 4, 5), elements=st.integers(0, 255) | st.integers(126, 129))


def auc_of(scores: NDArray[Any], truth: NDArray[Any]) -> float:
    ranking = PixelRanking()
    ranking.update(scores, truth)
    return ranking.auc()


def theirs(scores: NDArray[Any], truth: NDArray[Any]) -> float:
    # scikit-learn refuses infinities; ranks keep the order and the ties.
    _, ranks = np.unique(scores.ravel().astype(np.float64), return_inverse=True)
    return float(roc_auc_score(truth.ravel(), ranks))


def test_by_hand() -> None:
    # Of the six pairs (inside, outside) four are in order and one is a tie.
    scores = np.array([[9, 5, 5, 1, 7]], dtype=np.uint8)
    truth = np.array([[1, 1, 0, 0, 0]], dtype=np.uint8)
    assert auc_of(scores, truth) == (4 + 0.5) / 6


@given(codes, truths)
def test_of_codes_is_that_of_scikit_learn(
    scores: NDArray[np.uint8], truth: NDArray[np.uint8]
) -> None:
    if 0 < truth.sum() < truth.size:
        assert auc_of(scores, truth) == pytest.approx(theirs(scores, truth), abs=1e-12)


@given(codes, truths)
def test_frame_by_frame_is_all_at_once(scores: NDArray[np.uint8], truth: NDArray[np.uint8]) -> None:
    ranking = PixelRanking()
    for one, other in zip(scores, truth, strict=True):
        ranking.update(one, other)
    assert ranking.auc() == pytest.approx(auc_of(scores, truth), nan_ok=True, abs=0)


@given(codes, truths)
def test_histograms_count_the_codes_of_either_class(
    scores: NDArray[np.uint8], truth: NDArray[np.uint8]
) -> None:
    ranking = PixelRanking()
    ranking.update(scores, truth)
    inside = np.bincount(scores[truth == 1], minlength=256)
    np.testing.assert_array_equal(ranking.inside, inside)
    np.testing.assert_array_equal(
        ranking.outside, np.bincount(scores.ravel(), minlength=256) - inside
    )


def test_more_pixels_of_a_score_than_float32_can_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nerveseg.metrics.ranking._MAX_PIXELS", 11)
    scores = np.random.default_rng(0).integers(0, 4, (3, 7, 5), dtype=np.uint8)
    truth = np.random.default_rng(1).integers(0, 2, (3, 7, 5), dtype=np.uint8)
    assert auc_of(scores, truth) == pytest.approx(theirs(scores, truth), abs=1e-12)


@pytest.mark.parametrize("value", [0, 1])
def test_one_class_has_no_auc(value: int) -> None:
    scores = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert math.isnan(auc_of(scores, np.full((2, 3), value, np.uint8)))


def test_constant_scores_have_auc_one_half() -> None:
    assert auc_of(np.full((2, 2), 7, np.uint8), np.eye(2, dtype=bool)) == 0.5


def _soft_maps(frames: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Logits like those of a good network: far from 0 in most pixels, wrong at the edge."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[: IMAGE_SHAPE[0], : IMAGE_SHAPE[1]]
    distance = np.hypot((rows - 140) / 60, (columns - 330) / 45)
    logits = 12 * (1.05 - distance) + rng.normal(0, 2, (frames, *IMAGE_SHAPE))
    return logits.astype(np.float32), np.repeat(distance[None] < 1, frames, 0).view(np.uint8)


def test_codes_keep_the_auc_of_float32_logits() -> None:
    logits, truth = _soft_maps(2)
    exact = theirs(logits, truth)
    assert 0.9 < exact < 0.9999
    assert abs(auc_of(quantise(logits), truth) - exact) <= 1e-5


def test_extra_memory_does_not_grow_with_the_frames() -> None:
    logits, truth = _soft_maps(6)
    scores = quantise(logits)
    tracemalloc.start()
    auc_of(scores, truth)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 2**20


def test_adding_a_ranking_is_adding_its_pixels() -> None:
    scores = np.random.default_rng(0).integers(0, 256, (2, 6, 5), dtype=np.uint8)
    truth = np.random.default_rng(1).integers(0, 2, (2, 6, 5), dtype=np.uint8)
    rankings = [PixelRanking(), PixelRanking()]
    for ranking, one, other in zip(rankings, scores, truth, strict=True):
        ranking.update(one, other)
    rankings[0].add(rankings[1])
    assert rankings[0].auc() == auc_of(scores, truth)


def test_other_types_and_shapes_are_refused() -> None:
    ranking = PixelRanking()
    truth = np.eye(2, dtype=np.uint8)
    with pytest.raises(ValueError, match="uint8 scores"):
        ranking.update(np.zeros((2, 2), np.float16), truth)
    with pytest.raises(ValueError, match="truth's shape"):
        ranking.update(np.zeros((2, 3), np.uint8), truth)
