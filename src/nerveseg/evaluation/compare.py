"""Which differences between networks the data can carry, and which they cannot."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.evaluation.bootstrap import (
    LEAST_SUBJECTS,
    Interval,
    Sample,
    interval,
    p_value,
    subject_sums,
)
from nerveseg.evaluation.significance import holm, holm_pairs, wilcoxon


class Comparison(NamedTuple):
    """One network held against the reference on the same frames.

    Attributes:
        network: its name.
        reference: the name of the other.
        frames: how many frames both were scored on.
        subjects: of how many subjects.
        dice: mean Dice of the network.
        reference_dice: mean Dice of the reference.
        difference: dice minus reference_dice.
        low: lower end of the difference's interval.
        high: upper end.
        bootstrap_p: that the mean difference is 0.
        bootstrap_holm: the same, corrected for the number of networks.
        wilcoxon_p: that the subjects' mean differences are symmetric about 0.
        wilcoxon_holm: the same, corrected.
        separated: whether bootstrap_holm is below 1 - level.
        verdict: better, worse, not separable, or too few subjects.
    """

    network: str
    reference: str
    frames: int
    subjects: int
    dice: float
    reference_dice: float
    difference: float
    low: float
    high: float
    bootstrap_p: float
    bootstrap_holm: float
    wilcoxon_p: float
    wilcoxon_holm: float
    separated: bool
    verdict: str


class Standing(NamedTuple):
    """One network beside the best.

    Attributes:
        network: its name.
        dice: mean Dice.
        low: lower end of its interval.
        high: upper end.
        p: of its difference from the best, corrected for all pairs of networks.
        with_best: whether the data cannot tell it from the best.
    """

    network: str
    dice: float
    low: float
    high: float
    p: float
    with_best: bool


def compare(
    networks: Sequence[str],
    reference: str,
    dice: NDArray[np.float64],
    subject: NDArray[np.int64],
    *,
    sample: Sample,
    level: float,
) -> list[Comparison]:
    """Hold every network against `reference`, in the order of `networks`.

    Args:
        networks: K names.
        reference: one of them.
        dice: N x K, a row per frame.
        subject: N.
        sample: the bootstrap of `dice`.
        level: of the intervals.
    """
    base = networks.index(reference)
    others = [place for place in range(len(networks)) if place != base]
    paired = _against(sample, base)
    by_subject = subject_means(dice - dice[:, [base]], subject)
    chance = holm_pairs([_p(paired, k) for k in others])
    signed = holm_pairs([wilcoxon(by_subject[:, k]) for k in others])
    rows = []
    for k, bootstrap_p, wilcoxon_p in zip(others, chance, signed, strict=True):
        separated = bootstrap_p[1] < 1 - level
        difference = float(paired.mean[k])
        low, high = _interval(paired, k, level)
        row = Comparison(
            network=networks[k],
            reference=reference,
            frames=len(dice),
            subjects=sample.subjects,
            dice=float(sample.mean[k]),
            reference_dice=float(sample.mean[base]),
            difference=difference,
            low=low,
            high=high,
            bootstrap_p=bootstrap_p[0],
            bootstrap_holm=bootstrap_p[1],
            wilcoxon_p=wilcoxon_p[0],
            wilcoxon_holm=wilcoxon_p[1],
            separated=separated,
            verdict=_verdict(difference, separated, sample.subjects),
        )
        rows.append(row)
    return rows


def standings(networks: Sequence[str], sample: Sample, level: float) -> list[Standing]:
    """Return the networks from the highest mean Dice down, and which are told from the best.

    The best was picked by the very figures that are tested: only a correction for all pairs,
    not for those with the best alone, keeps the promise of `level`.
    """
    p = _pairs(sample)
    best = int(np.argmax(sample.mean))
    order = np.argsort(-sample.mean, kind="stable")
    rows = []
    for k in order.tolist():
        low, high = _interval(sample, k, level)
        # Means of Dice are within 0..1, whatever Student's distribution says of few subjects.
        bounds = max(low, 0.0), min(high, 1.0)
        tied = not p[best, k] < 1 - level
        rows.append(Standing(networks[k], float(sample.mean[k]), *bounds, float(p[best, k]), tied))
    return rows


def subject_means(scores: NDArray[np.float64], subject: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean score of each subject, S x K."""
    sums, frames = subject_sums(scores, subject)
    return sums / frames[:, None]


def _against(sample: Sample, base: int) -> Sample:
    """Return the paired differences of every network from network `base`."""
    draws = sample.draws - sample.draws[:, [base]]
    return Sample(sample.mean - sample.mean[base], draws, sample.subjects)


def _interval(sample: Sample, k: int, level: float) -> Interval:
    return interval(float(sample.mean[k]), sample.draws[:, k], sample.subjects, level)


def _p(sample: Sample, k: int) -> float:
    return p_value(float(sample.mean[k]), sample.draws[:, k], sample.subjects)


def _pairs(sample: Sample) -> NDArray[np.float64]:
    """Return the corrected p of every pair of networks, K x K, 1 on the diagonal."""
    count = len(sample.mean)
    one, other = np.triu_indices(count, 1)
    p = np.ones((count, count))
    raw = [_p(_against(sample, i), j) for i, j in zip(one.tolist(), other.tolist(), strict=True)]
    p[one, other] = p[other, one] = holm(raw)
    return p


def _verdict(difference: float, separated: bool, subjects: int) -> str:
    if subjects < LEAST_SUBJECTS:
        return "too few subjects"
    if not separated:
        return "not separable"
    return "better" if difference > 0 else "worse"
