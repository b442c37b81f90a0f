"""Fitted rules: the best of their kind, by brute force and by scikit-learn."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from invented import FIXED, invented, maps_and_masks
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nerveseg.decision.measured import Measured, measure
from nerveseg.decision.presence_rule import fit_presence
from nerveseg.decision.size_rules import AREAS, fit_area, fit_triplet
from nerveseg.inference.map_features import place_of_nerves
from nerveseg.inference.rule import Rule, Sure, mask_of, worth_outlining
from nerveseg.metrics.overlap import count, dice
from nerveseg.rle import encode


def score(measured: Measured, rule: Rule) -> float:
    return float(measured.dice_of(rule).mean())


def test_outlining_above_the_probability_that_pays_is_the_best_of_all_choices() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        p, worth = rng.random(8), rng.random(8)
        chosen = worth_outlining(p, worth)
        expected = {
            choice: float(np.where(choice, p * worth, 1 - p).sum())
            for choice in product((False, True), repeat=8)
        }
        assert expected[tuple(chosen.tolist())] == max(expected.values())


def test_the_fitted_rule_comes_near_the_one_that_knows_the_truth() -> None:
    known, new = invented(40, 50, seed=1), invented(40, 50, seed=2)
    rule = fit_presence(known, FIXED)
    assert rule.presence
    p = 1 / (1 + np.exp(-2 * new.appearance[:, 0]))
    column = new.thresholds.index(rule.threshold)
    worth = new.outlined_dice[new.nerve, column].mean()
    kept = worth_outlining(p, np.full(len(new), worth))
    best = np.where(kept, new.outlined_dice[:, column], new.emptied_dice).mean()
    assert score(new, rule) == pytest.approx(best, abs=0.01)
    assert score(new, rule) > score(new, FIXED) + 0.02
    assert np.abs(rule.presence.probability(new.features(new.nerves)) - p).mean() < 0.05


def test_the_probability_is_that_of_scikit_learn() -> None:
    frames = invented()
    presence = fit_presence(frames, FIXED).presence
    theirs = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))
    values = frames.features(frames.nerves)
    theirs.fit(values, frames.nerve)
    assert presence
    np.testing.assert_allclose(presence.probability(values), theirs.predict_proba(values)[:, 1])


def test_the_area_rule_is_the_best_of_its_grid() -> None:
    frames = invented(seed=4)
    every = [
        FIXED.model_copy(update={"threshold": threshold, "min_total": area})
        for threshold in frames.thresholds
        for area in AREAS
    ]
    best = max(score(frames, rule) for rule in every)
    assert score(frames, fit_area(frames, FIXED)) == pytest.approx(best)
    assert best > score(frames, FIXED)


def test_the_triplet_is_the_best_of_its_grid() -> None:
    frames = invented(seed=5)
    every = [
        FIXED.model_copy(
            update={"threshold": low, "min_total": 0, "sure": Sure(threshold=high, pixels=area)}
        )
        for low in frames.thresholds
        for high in frames.thresholds
        for area in AREAS
        if low <= high
    ]
    fitted = fit_triplet(frames, FIXED)
    assert score(frames, fitted) == pytest.approx(max(score(frames, rule) for rule in every))
    assert fitted.sure
    assert fitted.threshold <= fitted.sure.threshold


def test_where_nothing_can_be_gained_the_rule_stays_the_fixed_one() -> None:
    frames = invented()
    none = replace(frames, area=frames.area * 0, hit=frames.hit * 0, above=frames.above * 0)
    fitted = fit_area(none, FIXED)
    assert fitted == FIXED.model_copy(update={"name": "area"})


@pytest.mark.parametrize("kind", ["all", "none"])
def test_frames_of_one_kind_are_all_outlined_or_none(kind: str) -> None:
    frames = invented()
    chosen = frames.only(frames.nerve if kind == "all" else ~frames.nerve)
    rule = fit_presence(chosen, FIXED)
    assert rule.presence
    assert rule.presence.outlines(chosen.features(chosen.nerves)).mean() == (kind == "all")


def test_the_measured_dice_is_that_of_the_mask() -> None:
    maps, masks = maps_and_masks(24, seed=6)
    truths = [encode(mask) for mask in masks]
    subjects = np.repeat([1, 2, 3], 8).tolist()
    frames = measure(maps, subjects, truths, FIXED, place_of_nerves(masks))
    for rule in (FIXED, *(fit(frames, FIXED) for fit in (fit_area, fit_triplet, fit_presence))):
        predicted = [mask_of(codes, rule) for codes in maps]
        np.testing.assert_allclose(frames.dice_of(rule), dice(count(predicted, masks)))
