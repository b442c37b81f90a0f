"""Calibration from the counts of codes equals calibration pixel by pixel."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from nerveseg.evaluation.calibration import (
    PROBABILITY,
    brier,
    calibration,
    calibration_error,
)
from nerveseg.evaluation.presence import NERVE_PIXELS, presence_score
from nerveseg.metrics.ranking import PixelRanking

RNG = np.random.default_rng(0)
CODES = RNG.integers(0, 256, (60, 70), dtype=np.uint8)
# In a calibrated map, the share of nerve pixels is the probability that their code stands for.
TRUTH = (RNG.random(CODES.shape) < PROBABILITY[CODES]).astype(np.uint8)


@pytest.fixture
def pixels() -> PixelRanking:
    ranking = PixelRanking()
    ranking.update(CODES, TRUTH)
    return ranking


def test_bins_are_scikit_learns(pixels: PixelRanking) -> None:
    observed, predicted = calibration_curve(TRUTH.ravel(), PROBABILITY[CODES].ravel(), n_bins=10)
    rows = [row for row in calibration(pixels, 10) if row.pixels]
    np.testing.assert_allclose([row.observed for row in rows], observed)
    np.testing.assert_allclose([row.predicted for row in rows], predicted)


def test_the_brier_score_is_scikit_learns(pixels: PixelRanking) -> None:
    expected = brier_score_loss(TRUTH.ravel(), PROBABILITY[CODES].ravel())
    assert brier(pixels) == pytest.approx(expected)


def test_every_pixel_is_in_one_bin(pixels: PixelRanking) -> None:
    rows = calibration(pixels, 7)
    assert sum(row.pixels for row in rows) == CODES.size
    assert [row.high for row in rows[:-1]] == [row.low for row in rows[1:]]
    assert (rows[0].low, rows[-1].high) == (0, 1)
    assert all(row.low <= row.predicted <= row.high for row in rows if row.pixels)


def test_a_calibrated_map_has_a_small_error_and_a_wrong_one_a_large(pixels: PixelRanking) -> None:
    assert calibration_error(calibration(pixels, 10)) < 0.03
    wrong = PixelRanking()
    wrong.update(CODES, 1 - TRUTH)
    assert calibration_error(calibration(wrong, 10)) > 0.8


def test_presence_is_the_mean_of_the_surest_pixels() -> None:
    codes = RNG.integers(0, 256, (90, 100), dtype=np.uint8)
    ranking = PixelRanking()
    ranking.update(codes, np.zeros_like(codes))
    surest = np.sort(PROBABILITY[codes.ravel()])[-NERVE_PIXELS:]
    assert presence_score(ranking) == pytest.approx(surest.mean())


def test_all_pixels_of_a_frame_smaller_than_a_nerve_are_taken(pixels: PixelRanking) -> None:
    assert presence_score(pixels) == pytest.approx(PROBABILITY[CODES].mean())


def test_neither_a_speck_nor_a_faint_background_is_a_nerve() -> None:
    maps = np.full((3, 200, 200), 100, dtype=np.uint8)
    maps[1, :10, :10] = 255
    maps[2, :70, :70] = 160
    scores = []
    for codes in maps:
        ranking = PixelRanking()
        ranking.update(codes, np.zeros_like(codes))
        scores.append(presence_score(ranking))
    assert scores[1] - scores[0] < 0.05
    assert scores[2] > 0.9


def test_a_bin_without_pixels_is_undefined() -> None:
    ranking = PixelRanking()
    ranking.update(np.zeros((2, 2), dtype=np.uint8), np.zeros((2, 2), dtype=np.uint8))
    rows = calibration(ranking, 4)
    assert np.isnan([rows[2].predicted, rows[2].observed]).all()
    assert calibration_error(rows) < 1e-6
