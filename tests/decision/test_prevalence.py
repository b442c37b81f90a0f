"""The share of frames with a nerve, estimated without their masks."""

import numpy as np
import pytest
from invented import FIXED, invented, maps_and_masks
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from nerveseg.decision.decide import decide, matched_to_test
from nerveseg.decision.measured import measure
from nerveseg.decision.prevalence import estimate_prevalence
from nerveseg.inference.map_features import place_of_nerves
from nerveseg.rle import encode


def posteriors(share: float, count: int, before: float) -> NDArray[np.float64]:
    """Return exact probabilities for the share `before` of frames drawn with another share."""
    rng = np.random.default_rng(1)
    nerve = rng.random(count) < share
    odds = before / (1 - before) * np.exp(2 * rng.normal(np.where(nerve, 1.0, -1.0)))
    return np.asarray(odds / (1 + odds))


@pytest.mark.parametrize("share", [0.1, 0.4, 0.8])
def test_the_estimate_maximises_the_likelihood_and_is_near_the_truth(share: float) -> None:
    before = 0.4
    p = posteriors(share, 4000, before)

    def loss(other: float) -> float:
        return -float(np.log(p * other / before + (1 - p) * (1 - other) / (1 - before)).sum())

    found = estimate_prevalence(p, before)
    best = minimize_scalar(loss, bounds=(0.001, 0.999), method="bounded", options={"xatol": 1e-9})
    assert found == pytest.approx(best.x, abs=1e-5)
    assert found == pytest.approx(share, abs=0.03)


def test_the_estimate_stays_within_0_and_1() -> None:
    assert estimate_prevalence(np.zeros(10), 0.5) == 0.05
    assert estimate_prevalence(np.ones(10), 0.5) == 0.95


def test_the_rule_for_test_frames_follows_their_share_and_validation_does_not() -> None:
    maps, masks = maps_and_masks(40, seed=2)
    truths = [encode(mask) for mask in masks]
    subjects = np.repeat([1, 2, 3, 4], 10).tolist()
    frames = measure(maps, subjects, truths, FIXED, place_of_nerves(masks))
    decision = decide(frames, FIXED, "presence", folds=3, level=0.95)
    bright = [codes for codes, mask in zip(maps, masks, strict=True) if mask.any()]
    adapted = matched_to_test(decision, frames, bright)
    assert adapted.validation == decision.validation
    assert adapted.test_nerves is not None
    assert adapted.test_nerves > frames.nerve.mean()
    assert adapted.test.presence
    assert decision.test.presence
    assert adapted.test.presence.bias > decision.test.presence.bias


def test_a_rule_without_a_probability_is_left_as_it_is() -> None:
    frames = invented()
    decision = decide(frames, FIXED, "area", folds=3, level=0.95)
    assert matched_to_test(decision, frames, []) == decision
    only = frames.only(frames.nerve)
    decision = decide(only, FIXED, "presence", folds=3, level=0.95)
    assert matched_to_test(decision, only, []) == decision
