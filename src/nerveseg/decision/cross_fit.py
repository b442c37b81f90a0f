"""Rules fitted without the frames that they are applied to, so that nothing is tuned on itself.

Subjects, not frames, are divided: the frames of a sweep are near-duplicates.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from nerveseg.decision.measured import Measured
from nerveseg.decision.presence_rule import fit_presence
from nerveseg.decision.size_rules import fit_area, fit_fixed, fit_triplet
from nerveseg.inference.decision_file import FoldRule
from nerveseg.inference.rule import Rule

Fit = Callable[[Measured, Rule], Rule]
KINDS: Final[dict[str, Fit]] = {
    "fixed": fit_fixed,
    "area": fit_area,
    "triplet": fit_triplet,
    "presence": fit_presence,
}
"""Kind of rule -> the function that fits it; `best` chooses among them."""
BEST: Final = "best"
LEAST_SUBJECTS: Final = 2


class CrossFitted(NamedTuple):
    """One kind of rule, each subject's frames decided by a rule fitted without that subject.

    Attributes:
        dice: N, the Dice of each frame.
        rules: the rule of each group of subjects.
    """

    dice: NDArray[np.float64]
    rules: list[FoldRule]


def fit_of(kind: str, folds: int) -> Fit:
    """Return the function that fits a kind of rule, `best` included."""
    return partial(_fit_best, folds=folds) if kind == BEST else KINDS[kind]


def cross_fit(fit: Fit, measured: Measured, fixed: Rule, folds: int) -> CrossFitted:
    """Fit a rule for each of `folds` groups of subjects, on the other groups.

    Args:
        fit: fits the rule.
        measured: the N frames, of at least two subjects.
        fixed: the rule of the section `encode`.
        folds: number of groups; one for each subject if there are fewer subjects.
    """
    dice, rules = np.zeros(len(measured)), []
    for held_out in groups_of(measured.subject, folds):
        rule = fit(measured.only(~held_out), fixed)
        dice[held_out] = measured.only(held_out).dice_of(rule)
        subjects = np.unique(measured.subject[held_out]).tolist()
        rules.append(FoldRule(subjects=subjects, rule=rule))
    return CrossFitted(dice, rules)


def _fit_best(measured: Measured, fixed: Rule, folds: int) -> Rule:
    """Fit the kind of rule with the highest cross-fitted Dice on these very frames.

    Cross-fitting this function nests one division into groups in another, so that not even the
    choice between kinds has seen the frames that it is judged by.
    """
    if np.unique(measured.subject).size < LEAST_SUBJECTS:
        return fixed
    found = {
        kind: cross_fit(fit, measured, fixed, folds).dice.mean() for kind, fit in KINDS.items()
    }
    # Of equals, the first: the simplest.
    kind = max(found, key=lambda name: round(float(found[name]), 9))
    return KINDS[kind](measured, fixed)


def groups_of(subject: NDArray[np.int64], folds: int) -> Iterator[NDArray[np.bool_]]:
    """Yield which frames each group of subjects holds, N; every subject is in one group."""
    number = min(folds, np.unique(subject).size)
    for _, rows in GroupKFold(number).split(subject, groups=subject):
        held_out = np.zeros(len(subject), dtype=np.bool_)
        held_out[rows] = True
        yield held_out
