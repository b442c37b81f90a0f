"""Confidence intervals over subjects have the nominal coverage, and agree with a bootstrap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from nerveseg.evaluation.clustered import (
    clustered_means,
    confidence_interval,
    p_value,
    subject_sums,
)

Scores = tuple[NDArray[np.float64], NDArray[np.int64]]


def sweep(
    rng: np.random.Generator, subjects: int, frames: int, between: float, within: float
) -> Scores:
    """Return scores with mean 0.7 that vary between subjects, and the subject of each."""
    subject = np.repeat(np.arange(subjects), frames)
    scores = 0.7 + rng.normal(0, between, subjects)[subject] + rng.normal(0, within, subject.size)
    return scores[:, None], subject


def skewed(rng: np.random.Generator, subjects: int, frames: tuple[int, int] = (6, 10)) -> Scores:
    """Return skewed scores with mean 0.7; subjects have from `least` to `most` frames."""
    least, most = frames
    subject = np.repeat(np.arange(subjects), rng.integers(least, most + 1, subjects))
    scores = rng.beta(7, 3, subjects)[subject] + rng.normal(0, 0.05, subject.size)
    return scores[:, None], subject


def bootstrap_standard_error(scores: NDArray[np.float64], subject: NDArray[np.int64]) -> float:
    """Return the standard deviation of the mean over frames when whole subjects are resampled.

    Resampling implies the divisor S; a factor corrects it to S - 1 (Hesterberg, Am. Stat. 2015,
    4.1).
    """
    rng = np.random.default_rng(0)
    rows = [np.flatnonzero(subject == one) for one in np.unique(subject)]
    means = []
    for _ in range(4000):
        drawn = np.concatenate([rows[k] for k in rng.integers(0, len(rows), len(rows))])
        means.append(scores[drawn].mean())
    return float(np.std(means) * np.sqrt(len(rows) / (len(rows) - 1)))


def covers(scores: NDArray[np.float64], subject: NDArray[np.int64]) -> bool:
    low, high = clustered_means(scores, subject).interval(0, 0.95)
    return low <= 0.7 <= high


@pytest.mark.parametrize("subjects", [3, 5, 10, 40])
def test_the_interval_covers_the_truth_as_often_as_it_says(subjects: int) -> None:
    # 2000 trials of 95% have a standard error of 0.5 points.
    rng = np.random.default_rng(subjects)
    hits = sum(covers(*sweep(rng, subjects, 8, 0.1, 0.05)) for _ in range(2000))
    assert 0.935 <= hits / 2000 <= 0.965


@pytest.mark.parametrize("subjects", [3, 5, 10, 47])
@pytest.mark.parametrize(("frames", "least"), [((6, 10), 0.92), ((1, 29), 0.885)])
def test_the_interval_of_skewed_scores_covers_the_truth_almost_as_often(
    subjects: int, frames: tuple[int, int], least: float
) -> None:
    rng = np.random.default_rng(subjects)
    hits = sum(covers(*skewed(rng, subjects, frames)) for _ in range(2000))
    assert least <= hits / 2000 <= 0.97


def test_an_interval_over_frames_would_not_cover() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        scores, subject = sweep(rng, 10, 8, 0.1, 0.05)
        hits += covers(scores, np.arange(len(subject)))
    assert hits / 400 < 0.75


def test_the_test_rejects_no_more_often_than_it_says() -> None:
    rng = np.random.default_rng(1)
    rejected = 0
    for _ in range(2000):
        scores, subject = sweep(rng, 8, 5, 0.1, 0.05)
        rejected += clustered_means(scores - 0.7, subject).p_value(0) < 0.05
    assert 0.035 <= rejected / 2000 <= 0.065


@pytest.mark.parametrize("subjects", [6, 12, 47])
def test_the_standard_error_is_that_of_a_bootstrap_over_subjects(subjects: int) -> None:
    # With 4000 draws, the bootstrap's own error is about 1%. With few subjects that have different
    # numbers of frames, the two differ a little more, because the formula is of first order.
    rng = np.random.default_rng(subjects)
    scores, subject = skewed(rng, subjects)
    ours = clustered_means(scores, subject).standard_error(0)
    assert ours == pytest.approx(bootstrap_standard_error(scores, subject), rel=0.06)


def test_the_standard_error_of_a_paired_difference_is_that_of_a_bootstrap() -> None:
    rng = np.random.default_rng(2)
    scores, subject = skewed(rng, 12)
    both = np.hstack([scores, scores + 0.02 + rng.normal(0, 0.03, scores.shape)])
    ours = clustered_means(both, subject).minus(0).standard_error(1)
    theirs = bootstrap_standard_error(both[:, 1] - both[:, 0], subject)
    assert ours == pytest.approx(theirs, rel=0.06)


def test_means_and_standard_errors_by_hand() -> None:
    # Two subjects, of 1 and of 3 frames: mean 2.4 / 4, residuals 0 - 0.6 and 2.4 - 3 * 0.6.
    scores = np.array([[0.0], [1.0], [1.0], [0.4]])
    means = clustered_means(scores, np.array([9, 4, 4, 4]))
    assert means.mean == pytest.approx([0.6])
    assert means.residual[:, 0] == pytest.approx([0.6 / 4, -0.6 / 4])
    assert means.standard_error(0) == pytest.approx((2 / 1 * (0.6**2 + 0.6**2) / 16) ** 0.5)


def test_a_paired_difference_is_narrower_than_its_two_parts() -> None:
    rng = np.random.default_rng(2)
    scores, subject = sweep(rng, 12, 10, 0.15, 0.05)
    both = np.hstack([scores, scores + 0.02 + rng.normal(0, 0.03, scores.shape)])
    means = clustered_means(both, subject)
    low, high = means.minus(0).interval(1, 0.95)
    alone = means.interval(0, 0.95)
    assert high - low < 0.3 * (alone.high - alone.low)


def test_the_difference_of_two_series_is_the_series_of_differences() -> None:
    rng = np.random.default_rng(7)
    scores, subject = skewed(rng, 9)
    both = np.hstack([scores, rng.random(scores.shape)])
    paired = clustered_means(both, subject).minus(0)
    direct = clustered_means(both - both[:, [0]], subject)
    np.testing.assert_allclose(paired.mean, direct.mean, atol=1e-15)
    np.testing.assert_allclose(paired.residual, direct.residual, atol=1e-15)


@given(st.permutations(range(24)))
@settings(max_examples=25, deadline=None)
def test_the_order_of_the_frames_does_not_matter(order: list[int]) -> None:
    scores, subject = sweep(np.random.default_rng(3), 6, 4, 0.1, 0.05)
    first = clustered_means(scores, subject)
    other = clustered_means(scores[order], subject[order])
    np.testing.assert_allclose(other.residual, first.residual, atol=1e-12)
    np.testing.assert_allclose(other.mean, first.mean, atol=1e-12)


def test_sums_are_by_subject_in_ascending_order() -> None:
    sums, frames = subject_sums(np.array([[1.0], [2.0], [4.0]]), np.array([7, 3, 7]))
    assert sums.tolist() == [[2.0], [5.0]]
    assert frames.tolist() == [1.0, 2.0]


def test_one_frame_a_subject_is_students_interval() -> None:
    values = np.random.default_rng(6).normal(0.5, 0.1, (200, 1))
    low, high = clustered_means(values, np.arange(200)).interval(0, 0.95)
    half = stats.t.ppf(0.975, 199) * values.std(ddof=1) / np.sqrt(200)
    assert low == pytest.approx(values.mean() - half)
    assert high == pytest.approx(values.mean() + half)


def test_the_p_of_one_frame_a_subject_is_that_of_students_test() -> None:
    values = np.random.default_rng(8).normal(0.02, 0.1, (60, 1))
    ours = clustered_means(values, np.arange(60)).p_value(0)
    assert ours == pytest.approx(stats.ttest_1samp(values[:, 0], 0).pvalue)


@pytest.mark.parametrize("subjects", [1, 2])
def test_too_few_subjects_give_no_interval_and_no_p(subjects: int) -> None:
    scores, subject = sweep(np.random.default_rng(9), subjects, 4, 0.1, 0.05)
    means = clustered_means(scores, subject)
    assert np.isnan(means.interval(0, 0.95)).all()
    assert np.isnan(means.p_value(0))


@given(st.floats(-0.2, 0.2), st.integers(3, 30), st.floats(0.001, 0.1))
@settings(max_examples=60, deadline=None)
def test_the_interval_holds_zero_exactly_when_the_test_keeps_it(
    difference: float, subjects: int, error: float
) -> None:
    low, high = confidence_interval(difference, error, subjects, 0.95)
    assert (low <= 0 <= high) == (p_value(difference, error, subjects) >= 0.05)


def test_no_difference_has_p_one_and_a_constant_one_p_zero() -> None:
    assert p_value(1e-17, 1e-17, 5) == 1.0
    assert p_value(0.1, 0.0, 5) == 0.0
    scores, subject = sweep(np.random.default_rng(4), 6, 4, 0.1, 0.05)
    means = clustered_means(np.hstack([scores, scores, scores + 0.1]), subject).minus(0)
    assert (means.p_value(1), means.p_value(2)) == (1.0, 0.0)
