"""Presence of a nerve: precision and recall as in scikit-learn, and the Dice of emptied masks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from nerveseg.evaluation.presence import average_precision, detection, thresholds

FRAMES = st.lists(
    st.tuples(st.integers(0, 6), st.booleans(), st.floats(0, 1)), min_size=1, max_size=40
)
Frames = list[tuple[int, bool, float]]


def split(frames: Frames) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    score, nerve, dice = zip(*frames, strict=True)
    return np.array(score, dtype=float), np.array(nerve, dtype=bool), np.array(dice)


def test_by_hand() -> None:
    score = np.array([0.1, 0.4, 0.4, 0.9])
    nerve = np.array([False, True, False, True])
    curve = thresholds(score, nerve, np.array([0.0, 0.5, 1.0, 0.8]))
    assert curve.threshold.tolist() == [0.1, 0.4, 0.9]
    assert curve.precision == pytest.approx([2 / 4, 2 / 3, 1])
    assert curve.recall == pytest.approx([1, 1, 1 / 2])
    assert curve.f1 == pytest.approx([2 / 3, 4 / 5, 2 / 3])
    # At a threshold of 0.4, frame 0 becomes right; at 0.9, frame 1 is lost and frame 2 is right.
    assert curve.dice == pytest.approx([2.3 / 4, 3.3 / 4, 2.8 / 4])
    assert average_precision(curve) == pytest.approx(0.5 * 2 / 3 + 0.5)


@given(FRAMES.filter(lambda frames: any(nerve for _, nerve, _ in frames)))
def test_precision_and_recall_are_scikit_learns(frames: Frames) -> None:
    score, nerve, dice = split(frames)
    curve = thresholds(score, nerve, dice)
    precision, recall, threshold = metrics.precision_recall_curve(nerve, score)
    np.testing.assert_allclose(curve.threshold, threshold)
    np.testing.assert_allclose(curve.precision, precision[:-1])
    np.testing.assert_allclose(curve.recall, recall[:-1])
    expected = metrics.average_precision_score(nerve, score)
    assert average_precision(curve) == pytest.approx(expected)


@given(FRAMES)
def test_dice_at_a_threshold_is_what_emptying_the_masks_gives(frames: Frames) -> None:
    score, nerve, dice = split(frames)
    curve = thresholds(score, nerve, dice)
    for threshold, got in zip(curve.threshold, curve.dice, strict=True):
        assert got == pytest.approx(np.where(score < threshold, ~nerve, dice).mean())


def test_without_nerves_recall_is_undefined() -> None:
    curve = thresholds(np.array([0.1, 0.2]), np.zeros(2, dtype=bool), np.ones(2))
    assert np.isnan(curve.recall).all()
    assert np.isnan(average_precision(curve))


@pytest.mark.parametrize(
    ("called", "nerve", "expected"),
    [
        ([1, 1, 0, 0], [1, 0, 1, 0], (0.5, 0.5, 0.5)),
        ([0, 0], [1, 0], (np.nan, 0, 0)),
        ([1, 0], [0, 0], (0, np.nan, 0)),
        ([0, 0], [0, 0], (np.nan, np.nan, np.nan)),
    ],
)
def test_detection_by_hand(
    called: list[int], nerve: list[int], expected: tuple[float, ...]
) -> None:
    found = detection(np.array(called, dtype=bool), np.array(nerve, dtype=bool))
    np.testing.assert_allclose(found, expected)
