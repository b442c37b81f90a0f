"""The file of the stage `decide`: the rules of one run, and what each kind of rule would gain."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from nerveseg.atomic import whole_file
from nerveseg.errors import InputError
from nerveseg.inference.rule import Rule
from nerveseg.inference.shape_prior import ShapePrior
from nerveseg.inference.sweep import Sweep

FIXED: Final = "fixed"
"""The kind of the rule that the section `encode` gives, and that nothing is fitted for."""
SWEEP: Final = "sweep"
"""The kind of the same rule, applied to maps that are smoothed over near-duplicate frames."""
SHAPE: Final = "shape"
"""The kind of the same rule, whose outlines are then redrawn by the prior of shape."""
_FROZEN: Final = ConfigDict(frozen=True, extra="forbid")


class FoldRule(BaseModel):
    """The rule for the frames of some subjects, fitted on other subjects only.

    Attributes:
        subjects: their numbers.
        rule: the rule.
    """

    model_config = _FROZEN

    subjects: list[int]
    rule: Rule


class Gain(BaseModel):
    """The mean validation Dice of one kind of rule, cross-fitted over subjects.

    Attributes:
        kind: fixed, area, triplet, presence or best; or sweep, which is fixed on smoothed maps; or
            shape, which is fixed (on smoothed maps, if they are) with outlines redrawn.
        dice: the mean Dice over the validation frames.
        gain: the same minus that of `fixed`.
        low: lower end of the gain's confidence interval; None with fewer than three subjects.
        high: upper end.
    """

    model_config = _FROZEN

    kind: str
    dice: float
    gain: float
    low: float | None
    high: float | None


class Decision(BaseModel):
    """How the maps of one run become masks.

    Attributes:
        kind: `decide.rule` of params.yaml; for fixed, sweep or shape if that is switched on.
        test: the rule for frames of new subjects.
        validation: the rules for the validation frames; empty if they have the same as `test`.
        compared: the kinds of rules on the validation frames; empty for `fixed` on maps as they
            are, which compares nothing.
        test_nerves: the estimated share of test frames with a nerve, to which `test` was adapted;
            None if it was not.
        sweep: how maps are smoothed before anything else; None if they are not.
        shape: the prior by which outlines are redrawn after the rule; None if they are not.
    """

    model_config = _FROZEN

    kind: str
    test: Rule
    validation: list[FoldRule]
    compared: list[Gain]
    test_nerves: float | None
    sweep: Sweep | None = None
    shape: ShapePrior | None = None


def fixed_decision(fixed: Rule) -> Decision:
    """Return the decision for the rule of the section `encode`, which needs no frames."""
    return Decision(kind=FIXED, test=fixed, validation=[], compared=[], test_nerves=None)


def rules_of(decision: Decision, subjects: Sequence[int]) -> list[Rule]:
    """Return the rule for a validation frame of each of `subjects`.

    Raises:
        InputError: the decision does not know a subject.
    """
    known = {number: fold.rule for fold in decision.validation for number in fold.subjects}
    if not known:
        return [decision.test] * len(subjects)
    if absent := [number for number in subjects if number not in known]:
        raise InputError(f"no rule for the frames of subject {absent[0]}; run dvc repro decide")
    return [known[number] for number in subjects]


def write_decision(path: Path, decision: Decision) -> None:
    """Write the decision; numbers keep all their digits, so that it is applied as it was fitted."""
    # What is switched off is not written: the file is then that of a version without it.
    unused = {name for name in (SWEEP, SHAPE) if getattr(decision, name) is None}
    with whole_file(path) as temporary:
        temporary.write_text(decision.model_dump_json(indent=1, exclude=unused) + "\n")


def read_decision(path: Path) -> Decision:
    """Read what `write_decision` wrote.

    Raises:
        InputError: the file is missing or malformed.
    """
    remedy = "run dvc repro"
    try:
        return Decision.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: not readable ({error.strerror}); {remedy}") from error
    except ValidationError as error:
        raise InputError(
            f"{path}: not a decision ({error.errors()[0]['msg']}); {remedy}"
        ) from error
