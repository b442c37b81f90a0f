"""Comparisons are paired and corrected, and give no verdict where the data support none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from nerveseg.evaluation.clustered import clustered_means
from nerveseg.evaluation.compare import Comparison, compare, holm, standings, wilcoxon

P = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def dice_of_runs(
    gains: list[float], subjects: int = 10, frames: int = 6, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the Dice of runs that exceed a common level by `gains`, and the subjects."""
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(subjects), frames)
    common = 0.6 + rng.normal(0, 0.1, subjects)[subject] + rng.normal(0, 0.05, subject.size)
    noise = rng.normal(0, 0.02, (subject.size, len(gains)))
    return common[:, None] + np.array(gains) + noise, subject


def compared(gains: list[float], reference: str = "a", **kind: int) -> list[Comparison]:
    dice, subject = dice_of_runs(gains, **kind)
    names = [chr(97 + k) for k in range(len(gains))]
    means = clustered_means(dice, subject)
    return compare(names, reference, dice, subject, means=means, level=0.95)


def test_a_clear_difference_is_separable_either_way() -> None:
    rows = compared([0.0, 0.1, -0.1, 0.0], seed=1)
    assert [row.verdict for row in rows] == ["better", "worse", "not separable"]
    assert [row.separated for row in rows] == [True, True, False]
    assert rows[0].low < 0.1 < rows[0].high


def test_the_difference_is_the_runs_minus_the_references() -> None:
    for row in compared([0.0, 0.1, -0.1], reference="b"):
        assert row.difference == pytest.approx(row.dice - row.reference_dice)
        assert row.reference == "b"
        assert row.low <= row.difference <= row.high


def test_copies_of_the_reference_differ_by_nothing() -> None:
    dice, subject = dice_of_runs([0.0])
    dice = np.repeat(dice, 3, axis=1)
    means = clustered_means(dice, subject)
    rows = compare(["a", "b", "c"], "a", dice, subject, means=means, level=0.95)
    for row in rows:
        assert (row.difference, row.t_test_p, row.wilcoxon_p) == (0, 1, 1)
        assert row.verdict == "not separable"


def test_two_subjects_give_no_verdict() -> None:
    (row,) = compared([0.0, 0.3], subjects=2)
    assert row.verdict == "too few subjects"
    assert not row.separated
    assert np.isnan([row.low, row.high, row.t_test_holm, row.wilcoxon_holm]).all()


def test_the_reference_alone_is_compared_with_nothing() -> None:
    assert compared([0.0]) == []


def test_equal_runs_are_rarely_called_different() -> None:
    # Nine runs as good as the reference: at most 5% of trials may name any of them.
    wrong = sum(
        any(row.separated for row in compared([0.0] * 10, seed=seed, frames=3))
        for seed in range(100)
    )
    assert wrong <= 11


def test_with_best_are_the_runs_that_cannot_be_distinguished_from_it() -> None:
    dice, subject = dice_of_runs([0.0, 0.1, 0.1005, -0.1])
    rows = standings(list("abcd"), clustered_means(dice, subject), 0.95)
    assert {row.run for row in rows if row.with_best} == {"b", "c"}
    assert [row.dice for row in rows] == sorted((row.dice for row in rows), reverse=True)
    assert rows[0].p == 1.0


def test_with_too_few_subjects_all_stay_with_the_best() -> None:
    dice, subject = dice_of_runs([0.0, 0.3], subjects=2)
    assert all(row.with_best for row in standings("ab", clustered_means(dice, subject), 0.95))


def test_holm_by_hand() -> None:
    # Sorted: 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1; then no value is below the previous one.
    got = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    np.testing.assert_allclose(got, [0.03, 0.06, 0.06, 0.02])


def test_holm_leaves_out_what_was_not_tested() -> None:
    got = holm(np.array([0.02, np.nan, 0.01]))
    np.testing.assert_allclose(got, [0.02, np.nan, 0.02])


@given(P)
def test_holm_keeps_the_order_and_never_helps(values: list[float]) -> None:
    p = np.array(values)
    corrected = holm(p)
    order = np.argsort(p, kind="stable")
    assert (np.diff(corrected[order]) >= 0).all()
    assert (corrected >= p).all()
    assert (corrected <= np.minimum(p * len(p), 1)).all()


def test_wilcoxon_by_hand() -> None:
    # All five differences have the same sign: 2 of the 2**5 sign patterns are as extreme.
    assert wilcoxon(np.array([0.1, 0.2, 0.3, 0.4, 0.5])) == pytest.approx(2 / 32)


def test_wilcoxon_of_equal_runs_is_one_also_after_rounding() -> None:
    assert wilcoxon(np.zeros(6)) == 1.0
    assert wilcoxon(np.array([1e-17, -2e-17, 0.0, 1e-17])) == 1.0


def test_wilcoxon_copes_with_some_zeros_and_ties() -> None:
    differences = np.array([0.0, 0.1, 0.1, -0.1, 0.2, 0.3])
    assert wilcoxon(differences) == pytest.approx(stats.wilcoxon(differences).pvalue)
    assert wilcoxon(np.array([0.0, 0.0, 0.1])) == 1.0


def test_wilcoxon_of_two_subjects_says_nothing() -> None:
    assert np.isnan(wilcoxon(np.array([0.1, 0.2])))
