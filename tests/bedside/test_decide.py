"""From maps to masks, probabilities of a nerve and states."""

import numpy as np
import pytest

from nerveseg.artefact.decision import DecisionRule
from nerveseg.bedside.decide import decide, nerve_probability
from nerveseg.decision.fit_shapes import fit_shapes
from nerveseg.errors import InputError
from nerveseg.evaluation.presence import NERVE_PIXELS, presence_score
from nerveseg.inference.map_features import NervePlace
from nerveseg.inference.rule import Presence, Sure, mask_of
from nerveseg.maps import logits_of, quantise
from nerveseg.metrics.ranking import PixelRanking
from nerveseg.rle import IMAGE_SHAPE, encode


def blobs(count: int) -> np.ndarray:
    """Return logits with smooth blobs of several heights, `count` x 420 x 580 float32."""
    rng = np.random.default_rng(4)
    rows, columns = np.indices(IMAGE_SHAPE)
    found = []
    for _ in range(count):
        logits = np.full(IMAGE_SHAPE, -6.0)
        for _ in range(3):
            y, x, radius = rng.uniform(0, 420), rng.uniform(0, 580), rng.uniform(8, 60)
            distance = ((rows - y) ** 2 + (columns - x) ** 2) / radius**2
            logits += rng.uniform(2, 14) * np.exp(-distance)
        found.append(logits)
    return np.stack(found).astype(np.float32)


def square(side: int, logit: float, shape: tuple[int, int] = IMAGE_SHAPE) -> np.ndarray:
    logits = np.full(shape, -9.0, np.float32)
    logits[10 : 10 + side, 20 : 20 + side] = logit
    return logits


NERVES = NervePlace(mean=[210.0, 290.0, 4.5, 5.0, 8.5], precision=np.eye(5).tolist())
PRESENCE = Presence(
    weights=[0.0] * 5 + [1.0] + [0.0] * 4,  # the highest logit
    bias=-3.0,
    dice_weights=[0.0] * 10,
    dice_bias=0.8,
    dice_range=(0.0, 1.0),
    nerves=NERVES,
)


@pytest.mark.parametrize(
    "rule",
    [
        DecisionRule(threshold=0.3),
        DecisionRule(threshold=0.83),
        DecisionRule(sure=Sure(threshold=0.9, pixels=1000)),
        DecisionRule(presence=PRESENCE),
    ],
    ids=["low", "high", "sure", "presence"],
)
def test_masks_are_those_of_the_stage_encode(rule: DecisionRule) -> None:
    maps = blobs(8)
    expected = [encode(mask_of(codes, rule.at_frame())) for codes in quantise(maps)]
    assert [encode(decide(each, rule).mask) for each in maps] == expected
    assert len(set(expected)) > 2


def test_outlines_are_redrawn_as_by_the_stage_encode() -> None:
    maps = blobs(8)
    codes = quantise(maps)
    shape = fit_shapes([mask_of(each, DecisionRule().at_frame()) for each in codes], 2)
    expected = [shape.reshaped(mask_of(each, DecisionRule().at_frame())) for each in codes]
    found = [decide(each, DecisionRule(shape=shape)) for each in maps]
    np.testing.assert_array_equal([each.mask for each in found], expected)
    plain = [decide(each, DecisionRule()) for each in maps]
    assert [each.state for each in found] == [each.state for each in plain]
    assert any((one.mask != other.mask).any() for one, other in zip(found, plain, strict=True))


def test_a_rule_of_presence_gives_the_probability() -> None:
    maps = blobs(8)
    found = [decide(each, DecisionRule(presence=PRESENCE)).probability for each in maps]
    highest = logits_of(quantise(maps)).reshape(len(maps), -1).max(axis=1)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(3 - highest)), rtol=1e-5)


def test_the_probability_of_a_nerve_is_the_presence_score() -> None:
    assert DecisionRule().nerve_pixels == NERVE_PIXELS
    for codes in quantise(blobs(4)):
        ranking = PixelRanking()
        ranking.update(codes, np.zeros(IMAGE_SHAPE, np.uint8))
        found = nerve_probability(logits_of(codes), NERVE_PIXELS)
        assert found == pytest.approx(presence_score(ranking), abs=1e-6)


@pytest.mark.parametrize(
    ("side", "logit", "state"),
    [
        (80, 5.0, "nerve"),
        (80, -9.0, "none"),
        (80, 0.5, "unsure"),  # an outline, but pixels of 0.62
        (80, -0.5, "unsure"),  # no outline, but pixels of 0.38
        (20, 9.0, "none"),  # a speck
        (50, 9.0, "unsure"),  # half of a small nerve
    ],
)
def test_the_state_follows_outline_and_probability(side: int, logit: float, state: str) -> None:
    found = decide(square(side, logit), DecisionRule())
    assert found.state == state
    assert found.mask.any() == (side >= 50 and logit > 0)


def test_the_bounds_of_the_states_can_be_set() -> None:
    logits = square(80, 0.5)
    assert decide(logits, DecisionRule(sure_none=0, sure_nerve=0.6)).state == "nerve"
    with pytest.raises(InputError, match=r"sure_none 0.9 is above sure_nerve 0.75"):
        DecisionRule().changed(sure_none=0.9)
    with pytest.raises(InputError, match="threshold: "):
        DecisionRule().changed(threshold=1.0)


def test_areas_scale_with_the_frame() -> None:
    rule = DecisionRule()
    double = (2 * IMAGE_SHAPE[0], 2 * IMAGE_SHAPE[1])
    small, large = square(40, 9.0), square(80, 9.0, double)
    assert not decide(small, rule).mask.any()
    assert not decide(large, rule).mask.any(), "as large a part of the frame"
    assert decide(square(90, 9.0, double), rule).mask.any()
    assert decide(small, rule).probability == pytest.approx(decide(large, rule).probability)


@pytest.mark.parametrize("shape", [(1, 1), (3, 2)])
def test_tiny_frames_are_decided(shape: tuple[int, int]) -> None:
    assert decide(np.full(shape, 9.0, np.float32), DecisionRule()).state == "nerve"


def test_a_diverged_network_is_one_line() -> None:
    with pytest.raises(InputError, match="NaN"):
        decide(np.full((4, 4), np.nan, np.float32), DecisionRule())
