"""Cross-fitting over subjects: no rule has seen the frames that it is applied to."""

from dataclasses import replace

import numpy as np
import pytest
from invented import FIXED, invented

from nerveseg.decision.cross_fit import BEST, KINDS, cross_fit, fit_of
from nerveseg.decision.decide import decide, in_words
from nerveseg.decision.measured import Measured
from nerveseg.decision.presence_rule import fit_presence
from nerveseg.errors import InputError
from nerveseg.inference.decision_file import rules_of
from nerveseg.inference.map_features import nerve_place

FOLDS = 3


def with_other_truth(frames: Measured, subject: int) -> Measured:
    """Return the frames with nerves and none exchanged in those of one subject."""
    own = frames.subject == subject
    true_area = np.where(own, np.where(frames.nerve, 0, 5000), frames.true_area)
    hit = np.where(own[:, None], np.minimum(frames.area, true_area[:, None]), frames.hit)
    return replace(frames, true_area=true_area, hit=hit)


@pytest.mark.parametrize("kind", [*KINDS, BEST])
def test_the_truth_of_a_subject_has_no_say_in_its_own_decisions(kind: str) -> None:
    frames = invented(seed=7)
    fit = fit_of(kind, FOLDS)
    for subject in (1, 4):
        changed = with_other_truth(frames, subject)
        before, after = (cross_fit(fit, each, FIXED, FOLDS).rules for each in (frames, changed))
        others = 0
        for old, new in zip(before, after, strict=True):
            assert old.subjects == new.subjects
            others += old.rule != new.rule
            if subject in old.subjects:
                assert old.rule == new.rule
        assert others > 0 or kind == "fixed", "the test could not fail"


def test_every_subject_is_decided_once_and_frames_keep_their_order() -> None:
    frames = invented(7, 5)
    found = cross_fit(KINDS["area"], frames, FIXED, FOLDS)
    subjects = sorted(number for fold in found.rules for number in fold.subjects)
    assert subjects == list(range(1, 8))
    for fold in found.rules:
        own = np.isin(frames.subject, fold.subjects)
        assert found.dice[own].tolist() == frames.only(own).dice_of(fold.rule).tolist()


def test_the_cross_fitted_dice_of_noise_gains_nothing_where_the_fitted_one_does() -> None:
    gains, fitted = [], []
    for seed in range(20):
        frames = invented(4, 10, seed=seed)
        shuffled = np.random.default_rng(seed).permutation(len(frames))
        noise = replace(frames, appearance=frames.appearance[shuffled])
        fit = KINDS["presence"]
        empty = noise.emptied_dice.mean()
        gains.append(cross_fit(fit, noise, FIXED, FOLDS).dice.mean() - empty)
        fitted.append(noise.dice_of(fit(noise, FIXED)).mean() - empty)
    assert np.mean(gains) < 0.01 < np.mean(fitted) - 0.02


def test_the_decision_compares_every_kind_with_the_fixed_rule() -> None:
    frames = invented(seed=8)
    decision = decide(frames, FIXED, "presence", folds=FOLDS, level=0.95)
    rows = {row.kind: row for row in decision.compared}
    assert list(rows) == ["fixed", "area", "triplet", "presence", "best"]
    assert (rows["fixed"].gain, rows["fixed"].low, rows["fixed"].high) == (0, 0, 0)
    for row in rows.values():
        assert row.gain == pytest.approx(row.dice - rows["fixed"].dice)
        assert row.low is not None
        assert row.high is not None
        assert row.low <= row.gain <= row.high
    # What encode will apply to the validation frames is what is reported.
    rules = rules_of(decision, frames.subject.tolist())
    dice = [frames.dice_of(rule)[place] for place, rule in enumerate(rules)]
    assert np.mean(dice) == pytest.approx(rows["presence"].dice)
    assert {rule.name for rule in rules} == {decision.test.name} == {"presence"}
    row = rows["presence"]
    words = f"presence: cross-fitted Dice {row.dice:.4f}, {row.gain:+.4f} ({row.low:+.4f} to "
    assert in_words(decision).startswith(words)


def test_the_best_is_the_kind_with_the_highest_cross_fitted_dice() -> None:
    frames = invented(seed=9)
    decision = decide(frames, FIXED, BEST, folds=FOLDS, level=0.95)
    rows = {row.kind: row.dice for row in decision.compared}
    del rows[BEST]
    assert decision.test.name == max(rows, key=lambda kind: rows[kind])
    assert decision.test == KINDS[decision.test.name](frames, FIXED)


def test_two_subjects_are_enough_but_have_no_interval() -> None:
    decision = decide(invented(2), FIXED, BEST, folds=5, level=0.95)
    assert sorted(fold.subjects for fold in decision.validation) == [[1], [2]]
    assert all(row.low is row.high is None for row in decision.compared)
    assert " over fixed; test frames are decided by the rule " in in_words(decision)
    assert " to " not in in_words(decision)


def test_one_subject_is_refused_in_a_line() -> None:
    with pytest.raises(InputError, match=r"decide.rule: area is fitted on some subjects .* have 1"):
        decide(invented(1), FIXED, "area", folds=5, level=0.95)


def test_where_every_fold_is_trained_no_rule_knows_the_place_of_a_nerve_it_is_judged_by() -> None:
    rng = np.random.default_rng(4)
    frames = invented()
    places = rng.normal(size=(len(frames), 5))
    places[~frames.nerve] = np.nan
    whole = replace(frames, known=None, blob_place=rng.normal(size=places.shape), true_place=places)
    for group in cross_fit(fit_presence, whole, FIXED, 3).rules:
        others = ~np.isin(whole.subject, group.subjects)
        assert group.rule.presence
        assert group.rule.presence.nerves == nerve_place(places[others])
    # Frames that only train are known to all rules alike.
    trained = replace(whole, known=nerve_place(places[:9]))
    for group in cross_fit(fit_presence, trained, FIXED, 3).rules:
        assert group.rule.presence
        assert group.rule.presence.nerves == nerve_place(places[:9])
