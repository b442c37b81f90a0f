"""Applying a rule to a map: the threshold, its conditions, and the file that keeps it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nerveseg.errors import InputError
from nerveseg.inference.decision_file import fixed_decision, read_decision, write_decision
from nerveseg.inference.map_features import (
    FAR,
    FEATURES,
    features,
    largest_blob,
    place,
    place_of_nerves,
)
from nerveseg.inference.postprocess import clean
from nerveseg.inference.rule import Presence, Rule, Sure, mask_of
from nerveseg.maps import code_of
from nerveseg.rle import IMAGE_SHAPE

FIXED = Rule(name="fixed", threshold=0.5, min_blob=20, min_total=150)
NOWHERE = place_of_nerves([])


def box(top: int, left: int, tall: int, wide: int, code: int = 200) -> NDArray[np.uint8]:
    codes = np.full(IMAGE_SHAPE, 30, dtype=np.uint8)
    codes[top : top + tall, left : left + wide] = code
    return codes


def nerve(top: int = 100, left: int = 300, tall: int = 90, wide: int = 110) -> NDArray[np.uint8]:
    return (box(top, left, tall, wide) > 30).astype(np.uint8)


def test_the_fixed_rule_is_the_threshold_and_the_small_blob_rule() -> None:
    rng = np.random.default_rng(5)
    for _ in range(30):
        codes = np.kron(rng.integers(90, 160, (42, 58)), np.ones((10, 10))).astype(np.uint8)
        size = {"min_blob": int(rng.integers(0, 900)), "min_total": int(rng.integers(0, 150_000))}
        rule = Rule(name="fixed", threshold=0.4, **size)
        np.testing.assert_array_equal(mask_of(codes, rule), clean(codes >= code_of(0.4), **size))


def test_masks_are_thresholded_at_the_probability() -> None:
    rule = FIXED.model_copy(update={"threshold": 0.7, "min_total": 0})
    assert mask_of(box(5, 5, 5, 5, code_of(0.7)), rule).sum() == 25
    assert mask_of(box(5, 5, 5, 5, code_of(0.7) - 1), rule).sum() == 0


def test_too_few_certain_pixels_empty_a_mask_and_enough_leave_it() -> None:
    codes = box(100, 300, 50, 50, code_of(0.5))
    codes[100:110, 300:310] = code_of(0.9)
    for pixels, area in ((100, 2500), (101, 0)):
        rule = FIXED.model_copy(update={"sure": Sure(threshold=0.9, pixels=pixels)})
        assert mask_of(codes, rule).sum() == area


def presence(bias: float, dice: float) -> Presence:
    none = [0.0] * len(FEATURES)
    return Presence(
        weights=none,
        bias=bias,
        dice_weights=none,
        dice_bias=dice,
        dice_range=(0.0, 1.0),
        nerves=NOWHERE,
    )


@pytest.mark.parametrize(("probability", "area"), [(0.54, 0), (0.57, 2500)])
def test_a_frame_is_outlined_above_the_probability_that_pays(probability: float, area: int) -> None:
    logit = float(np.log(probability / (1 - probability)))
    rule = FIXED.model_copy(update={"presence": presence(logit, 0.8)})  # 1 / 1.8 = 0.556
    assert mask_of(box(100, 300, 50, 50), rule).sum() == area


def test_another_prevalence_multiplies_the_odds() -> None:
    values = np.zeros((1, len(FEATURES)))
    shifted = presence(0.0, 0.8).with_prevalence(0.25, 0.5)  # odds 1/3 -> 1
    assert shifted.probability(values) == pytest.approx(0.75)
    assert presence(-9999.0, 0.8).probability(values) == pytest.approx(0)


def test_features_by_hand() -> None:
    codes = box(0, 0, 100, 40, code_of(0.95))
    codes[:, 300:310] = code_of(0.6)
    found = dict(zip(FEATURES, features(codes, NOWHERE), strict=True))
    assert found["log_area_0.9"] == pytest.approx(np.log(4001))
    assert found["log_area_0.5"] == pytest.approx(np.log(8201))
    assert found["log_area_0.1"] == found["log_area_0.5"]
    assert found["highest_logit"] == found["certain_logit"] == (code_of(0.95) - 127.5) / 8
    assert found["agreement"] == pytest.approx(2 * 4000 / (4000 + 8200))
    assert found["blob_share"] == pytest.approx(4200 / 8200)
    assert found["distance"] == 0


def test_a_map_without_anything_has_features_too() -> None:
    found = features(np.zeros(IMAGE_SHAPE, dtype=np.uint8), NOWHERE)
    assert np.isfinite(found).all()
    assert dict(zip(FEATURES, found, strict=True))["distance"] == FAR


def test_the_largest_blob_is_the_largest() -> None:
    mask = nerve() | nerve(10, 10, 5, 5)
    np.testing.assert_array_equal(largest_blob(mask), nerve())
    assert largest_blob(np.zeros_like(mask)).sum() == 0
    assert largest_blob(np.ones_like(mask)).all()


def test_place_and_shape_by_hand() -> None:
    assert place(nerve(100, 300, 91, 111)) == pytest.approx(
        [145, 355, *np.log([91, 111, 91 * 111])]
    )


def test_a_blob_where_the_nerves_are_is_near_and_another_far() -> None:
    masks = [nerve(100 + 5 * (n % 5), 290 + 7 * (n % 3), 80 + n, 120 - n) for n in range(20)]
    nerves = place_of_nerves([*masks, np.zeros(IMAGE_SHAPE, dtype=np.uint8)])
    near, off, small = nerve(105, 295), nerve(200, 100), nerve(105, 295, 8, 8)
    assert nerves.distance(place(near)) < 3 < nerves.distance(place(off)) <= FAR
    assert nerves.distance(place(small)) > 3
    assert nerves.distance(place(np.zeros(IMAGE_SHAPE, dtype=np.uint8))) == FAR


def test_a_decision_is_read_as_it_was_written(tmp_path: Path) -> None:
    rule = FIXED.model_copy(update={"presence": presence(1 / 3, 0.1 + 0.2)})
    decision = fixed_decision(rule)
    write_decision(tmp_path / "unet.json", decision)
    assert read_decision(tmp_path / "unet.json") == decision


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "No such file"), ("{", "Invalid JSON"), ('{"kind": "fixed"}', "Field required")],
)
def test_a_decision_that_cannot_be_read_is_said_in_a_line(
    tmp_path: Path, text: str | None, words: str
) -> None:
    path = tmp_path / "unet.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=words) as raised:
        read_decision(path)
    assert str(raised.value).startswith(str(path))
    assert str(raised.value).endswith("; run dvc repro")
