"""Intervals over subjects: they hold what they promise, and no more than the data can."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from nerveseg.evaluation.bootstrap import (
    Interval,
    Sample,
    bootstrap,
    interval,
    p_value,
    subject_sums,
)


def sweep(
    rng: np.random.Generator, subjects: int, frames: int, between: float, within: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return scores of mean 0.7 whose subjects differ, and their subjects."""
    subject = np.repeat(np.arange(subjects), frames)
    scores = 0.7 + rng.normal(0, between, subjects)[subject] + rng.normal(0, within, subject.size)
    return scores[:, None], subject


def bounds(sample: Sample) -> Interval:
    """Return the interval of the first series."""
    return interval(float(sample.mean[0]), sample.draws[:, 0], sample.subjects, 0.95)


def coverage(subjects: int, trials: int = 400) -> float:
    rng = np.random.default_rng(subjects)
    hits = 0
    for seed in range(trials):
        scores, subject = sweep(rng, subjects, 8, 0.1, 0.05)
        sample = bootstrap(scores, subject, 600, seed)
        low, high = bounds(sample)
        hits += low <= 0.7 <= high
    return hits / trials


@pytest.mark.parametrize("subjects", [3, 5, 10, 40])
def test_the_interval_covers_the_truth_as_often_as_it_says(subjects: int) -> None:
    # 400 trials of 95% have a standard error of 1.1 points.
    assert 0.915 <= coverage(subjects) <= 0.985


def test_an_interval_over_frames_would_not_cover() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(200):
        scores, subject = sweep(rng, 10, 8, 0.1, 0.05)
        sample = bootstrap(scores, np.arange(len(subject)), 400, seed)
        low, high = bounds(sample)
        hits += low <= 0.7 <= high
    assert hits / 200 < 0.75


def test_the_test_rejects_no_more_often_than_it_says() -> None:
    rng = np.random.default_rng(1)
    rejected = 0
    for seed in range(400):
        scores, subject = sweep(rng, 8, 5, 0.1, 0.05)
        sample = bootstrap(scores - 0.7, subject, 400, seed)
        rejected += p_value(sample.mean[0], sample.draws[:, 0], sample.subjects) < 0.05
    assert 0.02 <= rejected / 400 <= 0.085


def test_a_paired_difference_is_narrower_than_its_two_parts() -> None:
    rng = np.random.default_rng(2)
    scores, subject = sweep(rng, 12, 10, 0.15, 0.05)
    both = np.hstack([scores, scores + 0.02 + rng.normal(0, 0.03, scores.shape)])
    sample = bootstrap(both, subject, 2000, 0)
    draws = sample.draws[:, 1] - sample.draws[:, 0]
    low, high = interval(0.02, draws, sample.subjects, 0.95)
    alone = bounds(sample)
    assert high - low < 0.3 * (alone.high - alone.low)


@given(st.permutations(range(24)))
@settings(max_examples=25, deadline=None)
def test_the_order_of_the_frames_does_not_matter(order: list[int]) -> None:
    scores, subject = sweep(np.random.default_rng(3), 6, 4, 0.1, 0.05)
    first = bootstrap(scores, subject, 50, 7)
    other = bootstrap(scores[order], subject[order], 50, 7)
    np.testing.assert_allclose(other.draws, first.draws, atol=1e-12)
    np.testing.assert_allclose(other.mean, first.mean, atol=1e-12)


def test_the_same_seed_gives_the_same_draws_and_another_other_ones() -> None:
    scores, subject = sweep(np.random.default_rng(4), 6, 4, 0.1, 0.05)
    draws = [bootstrap(scores, subject, 50, seed).draws for seed in (1, 1, 2)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()


def test_one_block_of_draws_is_like_another(monkeypatch: pytest.MonkeyPatch) -> None:
    scores, subject = sweep(np.random.default_rng(5), 6, 4, 0.1, 0.05)
    whole = bootstrap(scores, subject, 57, 1).draws
    monkeypatch.setattr("nerveseg.evaluation.bootstrap._BLOCK", 60)
    np.testing.assert_allclose(bootstrap(scores, subject, 57, 1).draws, whole, atol=1e-12)


def test_a_draw_is_the_mean_over_the_frames_of_the_drawn_subjects() -> None:
    # Two subjects, of 1 and of 3 frames: the four outcomes, worked by hand.
    scores = np.array([[0.0], [1.0], [1.0], [0.4]])
    subject = np.array([9, 4, 4, 4])
    sample = bootstrap(scores, subject, 500, 0)
    assert sample.mean == pytest.approx([0.6])
    assert set(np.round(sample.draws[:, 0], 9)) == {0.0, 0.6, 0.8}
    share = (np.round(sample.draws[:, 0], 9) == 0.6).mean()
    assert 0.43 < share < 0.57


def test_sums_are_by_subject_in_ascending_order() -> None:
    sums, frames = subject_sums(np.array([[1.0], [2.0], [4.0]]), np.array([7, 3, 7]))
    assert sums.tolist() == [[2.0], [5.0]]
    assert frames.tolist() == [1.0, 2.0]


def test_one_frame_a_subject_is_students_interval() -> None:
    values = np.random.default_rng(6).normal(0.5, 0.1, (200, 1))
    sample = bootstrap(values, np.arange(200), 20_000, 0)
    low, high = bounds(sample)
    half = stats.t.ppf(0.975, 199) * values.std(ddof=1) / np.sqrt(200)
    assert low == pytest.approx(values.mean() - half, abs=0.05 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.05 * half)


def test_the_p_of_one_frame_a_subject_is_that_of_students_test() -> None:
    values = np.random.default_rng(8).normal(0.02, 0.1, (60, 1))
    sample = bootstrap(values, np.arange(60), 40_000, 0)
    ours = p_value(sample.mean[0], sample.draws[:, 0], 60)
    assert ours == pytest.approx(stats.ttest_1samp(values[:, 0], 0).pvalue, rel=0.05)


@pytest.mark.parametrize("subjects", [1, 2])
def test_too_few_subjects_give_no_interval_and_no_p(subjects: int) -> None:
    scores, subject = sweep(np.random.default_rng(9), subjects, 4, 0.1, 0.05)
    sample = bootstrap(scores, subject, 200, 0)
    assert np.isnan(bounds(sample)).all()
    assert np.isnan(p_value(0.3, sample.draws[:, 0], sample.subjects))


@given(st.floats(-0.2, 0.2), st.integers(3, 30), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_the_interval_holds_zero_exactly_when_the_test_keeps_it(
    difference: float, subjects: int, seed: int
) -> None:
    draws = np.random.default_rng(seed).normal(difference, 0.05, 300)
    low, high = interval(difference, draws, subjects, 0.95)
    assert (low <= 0 <= high) == (p_value(difference, draws, subjects) >= 0.05)


def test_no_difference_has_p_one_and_a_constant_one_p_zero() -> None:
    assert p_value(1e-17, np.full(100, 1e-17), 5) == 1.0
    assert p_value(0.1, np.full(100, 0.1), 5) == 0.0
