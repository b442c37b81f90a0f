"""The decision of one run: which rule turns its maps into masks, and what each would gain."""

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from nerveseg.decision.cross_fit import BEST, KINDS, LEAST_SUBJECTS, cross_fit, fit_of
from nerveseg.decision.measured import Measured
from nerveseg.decision.prevalence import estimate_prevalence
from nerveseg.errors import InputError
from nerveseg.evaluation.clustered import clustered_means
from nerveseg.inference.decision_file import FIXED, Decision, Gain
from nerveseg.inference.map_features import features
from nerveseg.inference.rule import Rule


def decide(
    measured: Measured,
    fixed: Rule,
    kind: str,
    *,
    folds: int,
    level: float,
    earlier: Mapping[str, Measured] = MappingProxyType({}),
    own: str = FIXED,
) -> Decision:
    """Fit the rule `kind`, and compare all kinds of rules on the validation frames.

    Args:
        measured: the validation frames.
        fixed: the rule of the section `encode`.
        kind: area, triplet, presence or best.
        folds: groups of subjects for the cross-fitting.
        level: confidence level of the intervals.
        earlier: if maps were smoothed or outlines redrawn, what was measured before each step, by
            the name of `fixed` there: on maps as they were it is `fixed`, on smoothed ones `sweep`.
        own: the name of `fixed` on `measured`.

    Raises:
        InputError: the frames are of a single subject.
    """
    if (subjects := np.unique(measured.subject).size) < LEAST_SUBJECTS:
        raise InputError(
            f"params.yaml: decide.rule: {kind} is fitted on some subjects and judged on others, "
            f"and the validation frames have {subjects}; set it to {FIXED}, or lower split.folds"
        )
    found = {
        name: cross_fit(fit_of(name, folds), measured, fixed, folds) for name in (*KINDS, BEST)
    }
    dice = {name: each.dice for name, each in found.items()}
    # The names of `fixed` first: the first of them is what the gains of all others are over.
    dice = {name: each.dice_of(fixed) for name, each in earlier.items()} | {
        own: dice.pop(FIXED),
        **dice,
    }
    return Decision(
        kind=kind,
        test=fit_of(kind, folds)(measured, fixed),
        validation=found[kind].rules,
        compared=_compared(dice, measured.subject, level),
        test_nerves=None,
    )


def decide_fixed(steps: Mapping[str, Measured], fixed: Rule, level: float) -> Decision:
    """Keep the rule of the section `encode`, and compare it with itself after each step.

    Args:
        steps: the validation frames as they are (`fixed`), by smoothed maps (`sweep`) and with
            redrawn outlines (`shape`), as far as that is done; in this order.
        fixed: the rule.
        level: confidence level of the intervals.
    """
    found = {name: measured.dice_of(fixed) for name, measured in steps.items()}
    compared = _compared(found, steps[FIXED].subject, level)
    kind = list(steps)[-1]
    return Decision(kind=kind, test=fixed, validation=[], compared=compared, test_nerves=None)


def matched_to_test(
    decision: Decision, measured: Measured, maps: Iterable[NDArray[np.uint8]]
) -> Decision:
    """Return the decision with its rule for test frames adapted to their share of nerves.

    Rules without a probability of a nerve are left as they are.

    Args:
        decision: what `decide` returned.
        measured: the validation frames that it was fitted on.
        maps: the prediction maps of the test frames.
    """
    presence, before = decision.test.presence, float(measured.nerve.mean())
    if presence is None or before in (0.0, 1.0):
        return decision
    values = np.array([features(codes, presence.nerves) for codes in maps])
    after = estimate_prevalence(presence.probability(values), before)
    adapted = decision.test.model_copy(update={"presence": presence.with_prevalence(before, after)})
    return decision.model_copy(update={"test": adapted, "test_nerves": after})


def in_words(decision: Decision) -> str:
    """Return a line about the rule in use and what it gains, if it was compared with `fixed`."""
    (row,) = (row for row in decision.compared if row.kind == decision.kind)
    interval = "" if row.low is None else f" ({row.low:+.4f} to {row.high:+.4f})"
    return (
        f"{decision.kind}: cross-fitted Dice {row.dice:.4f}, {row.gain:+.4f}{interval} over "
        f"{FIXED}; test frames are decided by the rule {decision.test.name}"
    )


def _compared(
    found: dict[str, NDArray[np.float64]], subject: NDArray[np.int64], level: float
) -> list[Gain]:
    """Return the mean Dice of every kind, and its paired difference from `fixed`."""
    means = clustered_means(np.stack(list(found.values()), axis=1), subject)
    gains = means.minus(list(found).index(FIXED))
    rows = []
    for place, kind in enumerate(found):
        low, high = (None if math.isnan(end) else end for end in gains.interval(place, level))
        dice, gain = float(means.mean[place]), float(gains.mean[place])
        rows.append(Gain(kind=kind, dice=dice, gain=gain, low=low, high=high))
    return rows
