"""Smoothing averages noise where nothing moves, and follows at once where something does."""

import numpy as np
import pytest

from nerveseg.bedside.smoothing import MotionAwareAverage

SHAPE = (60, 80)


def test_without_memory_nothing_changes() -> None:
    average, rng = MotionAwareAverage(0.0), np.random.default_rng(0)
    for _ in range(3):
        logits = rng.normal(size=SHAPE).astype(np.float32)
        assert np.array_equal(average(np.zeros(SHAPE, np.uint8), logits), logits)


def test_on_a_still_picture_noise_averages_out() -> None:
    average, rng = MotionAwareAverage(0.8), np.random.default_rng(1)
    image = rng.integers(0, 256, SHAPE, dtype=np.uint8)
    for _ in range(60):
        found = average(image, rng.normal(size=SHAPE).astype(np.float32))
    # The variance of an exponential average is (1 - w) / (1 + w) of the noise's.
    assert found.std() == pytest.approx(np.sqrt(0.2 / 1.8), rel=0.1)


def test_a_cut_to_another_picture_has_no_lag() -> None:
    average = MotionAwareAverage(0.9)
    before, after = np.full(SHAPE, -5.0, np.float32), np.full(SHAPE, 5.0, np.float32)
    for _ in range(10):
        average(np.zeros(SHAPE, np.uint8), before)
    assert average(np.full(SHAPE, 200, np.uint8), after) == pytest.approx(after, abs=1e-3)


def test_only_the_part_that_moves_forgets() -> None:
    average = MotionAwareAverage(0.9)
    image = np.zeros(SHAPE, np.uint8)
    average(image, np.full(SHAPE, -5.0, np.float32))
    moved = image.copy()
    moved[:, 60:] = 200
    found = average(moved, np.full(SHAPE, 5.0, np.float32))
    assert found[:, :30] == pytest.approx(-4.0, abs=0.01), "0.9 * -5 + 0.1 * 5"
    assert found[:, 70:] == pytest.approx(5.0, abs=0.01)


def test_speckle_is_no_motion() -> None:
    average, rng = MotionAwareAverage(0.9), np.random.default_rng(2)
    found = []
    for level in (-5.0, 5.0):
        speckle = (100 + rng.normal(0, 2, SHAPE)).astype(np.uint8)
        found.append(average(speckle, np.full(SHAPE, level, np.float32)))
    assert (found[1] < 0).all(), "the past still weighs more than half"


def test_a_frame_of_another_size_starts_anew() -> None:
    average = MotionAwareAverage(0.9)
    average(np.zeros(SHAPE, np.uint8), np.full(SHAPE, -5.0, np.float32))
    small = np.ones((5, 7), np.float32)
    assert np.array_equal(average(np.zeros((5, 7), np.uint8), small), small)
