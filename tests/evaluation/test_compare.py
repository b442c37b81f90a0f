"""Comparisons: corrected, paired, and silent about what the data can't tell apart."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nerveseg.evaluation.bootstrap import bootstrap
from nerveseg.evaluation.compare import Comparison, compare, standings


def networks(
    gains: list[float], subjects: int = 10, frames: int = 6, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return Dice of networks better by `gains` than a common level, and the subjects."""
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(subjects), frames)
    common = 0.6 + rng.normal(0, 0.1, subjects)[subject] + rng.normal(0, 0.05, subject.size)
    noise = rng.normal(0, 0.02, (subject.size, len(gains)))
    return common[:, None] + np.array(gains) + noise, subject


def compared(gains: list[float], reference: str = "a", **kind: int) -> list[Comparison]:
    dice, subject = networks(gains, **kind)
    names = [chr(97 + k) for k in range(len(gains))]
    return compare(
        names, reference, dice, subject, sample=bootstrap(dice, subject, 2000, 1), level=0.95
    )


def test_a_clear_difference_is_separable_either_way() -> None:
    rows = compared([0.0, 0.1, -0.1, 0.0], seed=1)
    assert [row.verdict for row in rows] == ["better", "worse", "not separable"]
    assert [row.separated for row in rows] == [True, True, False]
    assert rows[0].low < 0.1 < rows[0].high


def test_the_difference_is_the_networks_minus_the_references() -> None:
    for row in compared([0.0, 0.1, -0.1], reference="b"):
        assert row.difference == pytest.approx(row.dice - row.reference_dice)
        assert row.reference == "b"
        assert row.low <= row.difference <= row.high


def test_copies_of_the_reference_differ_by_nothing() -> None:
    dice, subject = networks([0.0])
    dice = np.repeat(dice, 3, axis=1)
    sample = bootstrap(dice, subject, 200, 1)
    rows = compare(["a", "b", "c"], "a", dice, subject, sample=sample, level=0.95)
    for row in rows:
        assert (row.difference, row.bootstrap_p, row.wilcoxon_p) == (0, 1, 1)
        assert row.verdict == "not separable"


def test_two_subjects_give_no_verdict() -> None:
    (row,) = compared([0.0, 0.3], subjects=2)
    assert row.verdict == "too few subjects"
    assert not row.separated
    assert np.isnan([row.low, row.high, row.bootstrap_holm, row.wilcoxon_holm]).all()


def test_the_reference_alone_is_compared_with_nothing() -> None:
    assert compared([0.0]) == []


def test_equal_networks_are_rarely_called_different() -> None:
    # Nine networks as good as the reference: at most 5% of runs may name any of them.
    wrong = sum(
        any(row.separated for row in compared([0.0] * 10, seed=seed, frames=3))
        for seed in range(100)
    )
    assert wrong <= 11


def test_those_with_the_best_are_the_ones_that_can_not_be_told_from_it() -> None:
    dice, subject = networks([0.0, 0.1, 0.1005, -0.1])
    rows = standings(list("abcd"), bootstrap(dice, subject, 2000, 1), 0.95)
    assert {row.network for row in rows if row.with_best} == {"b", "c"}
    assert [row.dice for row in rows] == sorted((row.dice for row in rows), reverse=True)
    assert rows[0].p == 1.0


def test_with_too_few_subjects_all_stay_with_the_best() -> None:
    dice, subject = networks([0.0, 0.3], subjects=2)
    assert all(row.with_best for row in standings("ab", bootstrap(dice, subject, 200, 1), 0.95))
