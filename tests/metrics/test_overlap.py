"""Pixel counts and the scores from them, against values worked by hand and other libraries."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, recall_score
from torchmetrics.functional.classification import binary_f1_score

from nerveseg.metrics import overlap

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """Two masks of the same shape, sometimes empty or full."""
    shape = draw(array_shapes(min_dims=2, max_dims=2, max_side=8))
    kinds = st.one_of(
        arrays(np.uint8, shape, elements=st.integers(0, 1)),
        st.sampled_from([np.zeros(shape, np.uint8), np.ones(shape, np.uint8)]),
    )
    return draw(kinds), draw(kinds)


def test_counts_and_scores_by_hand() -> None:
    prediction = np.array([[[1, 1, 0], [0, 0, 0]]], dtype=np.uint8)
    truth = np.array([[[1, 0, 1], [1, 0, 0]]], dtype=np.uint8)
    counts = overlap.count(prediction, truth)
    assert [part.tolist() for part in counts] == [[1], [1], [2], [2]]
    assert overlap.dice(counts).tolist() == [2 / 5]
    assert overlap.accuracy(counts).tolist() == [3 / 6]
    assert overlap.sensitivity(counts).tolist() == [1 / 3]
    assert overlap.specificity(counts).tolist() == [2 / 3]


def test_empty_and_full_masks() -> None:
    empty, full = np.zeros((2, 2), np.uint8), np.ones((2, 2), np.uint8)
    counts = overlap.count([empty, empty, full, full], [empty, full, empty, full])
    assert overlap.dice(counts).tolist() == [1.0, 0.0, 0.0, 1.0]
    assert overlap.accuracy(counts).tolist() == [1.0, 0.0, 0.0, 1.0]
    np.testing.assert_array_equal(overlap.sensitivity(counts), [np.nan, 0.0, np.nan, 1.0])
    np.testing.assert_array_equal(overlap.specificity(counts), [1.0, np.nan, 0.0, np.nan])


def test_pooled_counts_are_sums_over_images() -> None:
    masks = np.random.default_rng(0).integers(0, 2, (2, 5, 4, 4), dtype=np.uint8)
    counts = overlap.count(masks[0], masks[1])
    whole = overlap.count(masks[0].reshape(1, 20, 4), masks[1].reshape(1, 20, 4))
    np.testing.assert_array_equal(counts.pooled(), whole)


@given(pairs())
def test_dice_is_that_of_torchmetrics(pair: Pair) -> None:
    prediction, truth = pair
    theirs = binary_f1_score(
        torch.from_numpy(prediction), torch.from_numpy(truth), zero_division=1.0
    )
    ours = overlap.dice(overlap.count(prediction[None], truth[None]))
    assert ours[0] == pytest.approx(theirs.item(), abs=1e-6)


@given(pairs())
def test_scores_are_those_of_scikit_learn(pair: Pair) -> None:
    prediction, truth = pair[0].ravel(), pair[1].ravel()
    counts = overlap.count(pair[0][None], pair[1][None])
    assert overlap.accuracy(counts)[0] == pytest.approx(accuracy_score(truth, prediction))
    for score, label in ((overlap.sensitivity, 1), (overlap.specificity, 0)):
        theirs = recall_score(truth, prediction, pos_label=label, zero_division=np.nan)
        assert score(counts)[0] == pytest.approx(theirs, nan_ok=True)


@given(pairs())
def test_dice_is_symmetric_and_within_0_and_1(pair: Pair) -> None:
    one, other = pair[0][None], pair[1][None]
    dice = overlap.dice(overlap.count(one, other))
    assert 0 <= dice[0] <= 1
    np.testing.assert_array_equal(dice, overlap.dice(overlap.count(other, one)))


def test_masks_of_other_types_and_layouts_count_alike() -> None:
    masks = np.random.default_rng(1).integers(0, 2, (2, 3, 6, 5), dtype=np.uint8)
    expected = overlap.count(masks[0], masks[1])
    for prediction in (masks[0].astype(bool), np.asfortranarray(masks[0]), masks[0] * 255):
        np.testing.assert_array_equal(overlap.count(prediction, masks[1]), expected)


def test_different_numbers_or_sizes_are_refused() -> None:
    masks = np.zeros((2, 3, 4), np.uint8)
    with pytest.raises(ValueError, match="2 predictions for 1"):
        overlap.count(masks, masks[:1])
    with pytest.raises(ValueError, match="a prediction of"):
        overlap.count(masks, masks.transpose(0, 2, 1))
