"""Holm's correction and the signed-rank test, by hand and in degenerate cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nerveseg.evaluation.significance import holm, wilcoxon

P = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_holm_by_hand() -> None:
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1, then never below the one before.
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
    # Five differences of one sign: 2 of the 2**5 patterns of signs are as extreme.
    assert wilcoxon(np.array([0.1, 0.2, 0.3, 0.4, 0.5])) == pytest.approx(2 / 32)


def test_wilcoxon_of_equal_networks_is_one_also_after_rounding() -> None:
    assert wilcoxon(np.zeros(6)) == 1.0
    assert wilcoxon(np.array([1e-17, -2e-17, 0.0, 1e-17])) == 1.0


def test_wilcoxon_copes_with_some_zeros_and_ties() -> None:
    differences = np.array([0.0, 0.1, 0.1, -0.1, 0.2, 0.3])
    assert wilcoxon(differences) == pytest.approx(stats.wilcoxon(differences).pvalue)
    assert wilcoxon(np.array([0.0, 0.0, 0.1])) == 1.0


def test_wilcoxon_of_two_subjects_says_nothing() -> None:
    assert np.isnan(wilcoxon(np.array([0.1, 0.2])))
