"""The prior of shape: outlines redrawn as the training masks make likely."""

from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from sklearn.decomposition import PCA

from nerveseg.decision.fit_shapes import fit_shapes
from nerveseg.errors import InputError
from nerveseg.inference.shape_prior import SIDE, ShapePrior, aligned, drawn
from nerveseg.metrics.overlap import count, dice
from nerveseg.rle import IMAGE_SHAPE

Mask = NDArray[np.uint8]


def oval(rng: np.random.Generator) -> Mask:
    """Return an oval about as large, tilted and placed as a nerve."""
    mask = np.zeros(IMAGE_SHAPE, dtype=np.uint8)
    centre = rng.uniform(180, 400), rng.uniform(140, 280)
    axes = rng.uniform(90, 150), rng.uniform(44, 76)
    cv2.ellipse(mask, (centre, axes, rng.uniform(-30, 30)), 1, cv2.FILLED)
    return mask


@cache
def ovals(number: int, seed: int) -> list[Mask]:
    rng = np.random.default_rng(seed)
    return [oval(rng) for _ in range(number)]


@cache
def prior(components: int) -> ShapePrior:
    return fit_shapes(ovals(60, seed=0), components)


def spoilt(mask: Mask, rng: np.random.Generator, value: int) -> Mask:
    """Return the mask with a notch (0) or a spike (1) at a random place of its outline."""
    ((outline, *_), _) = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    (at,) = outline[int(rng.integers(len(outline)))].tolist()
    mask = mask.copy()
    cv2.circle(mask, at, 14, value, cv2.FILLED)
    return mask


def overlap(found: list[Mask], true: list[Mask]) -> NDArray[np.float64]:
    return dice(count(found, true))


@pytest.mark.parametrize("components", [1, 4, 8])
def test_a_mask_of_the_span_comes_back(components: int) -> None:
    known = prior(components)
    pose = aligned(ovals(60, seed=0)[3])[0]
    for sign in (-1.5, 0.0, 1.5):
        weights = np.float32(sign) * np.array(known.deviations, dtype=np.float32)
        mask = drawn(known.rows[0] + weights @ known.rows[1:], pose, IMAGE_SHAPE)
        assert overlap([known.reshaped(mask)], [mask])[0] > 0.97


@pytest.mark.parametrize("value", [0, 1])
def test_a_notch_or_a_spike_is_mended(value: int) -> None:
    rng = np.random.default_rng(2)
    true = ovals(12, seed=1)
    marred = [spoilt(mask, rng, value) for mask in true]
    mended = [prior(8).reshaped(mask) for mask in marred]
    before, after = overlap(marred, true), overlap(mended, true)
    assert after.mean() > before.mean()
    assert (after > before).mean() > 0.6


def test_holes_and_smaller_blobs_are_mended() -> None:
    (true,) = ovals(1, seed=1)
    marred = true.copy()
    rows, columns = (int(values.mean()) for values in np.nonzero(true))
    marred[rows - 8 : rows + 8, columns - 8 : columns + 8] = 0
    marred[5:35, 5:35] = 1
    np.testing.assert_array_equal(prior(8).reshaped(marred), prior(8).reshaped(true))


@pytest.mark.parametrize("by", [(0, 40), (-35, 0), (21, -17)])
def test_a_moved_mask_is_redrawn_the_same_way_where_it_went(by: tuple[int, int]) -> None:
    mask = spoilt(ovals(3, seed=5)[2], np.random.default_rng(1), 0)
    moved = prior(6).reshaped(np.roll(mask, by, axis=(0, 1)))
    # Coordinates of other size are rounded otherwise, which can move a pixel of the outline.
    assert overlap([moved], [np.roll(prior(6).reshaped(mask), by, axis=(0, 1))])[0] > 0.999


def test_frames_of_twice_the_size_are_redrawn_alike() -> None:
    mask = spoilt(ovals(3, seed=5)[1], np.random.default_rng(1), 1)
    twice = prior(6).reshaped(np.kron(mask, np.ones((2, 2), dtype=np.uint8)))
    expected = np.kron(prior(6).reshaped(mask), np.ones((2, 2), dtype=np.uint8))
    assert 2 * (twice & expected).sum() / (twice.sum() + expected.sum()) > 0.98


def test_empty_stays_empty_and_nothing_else_becomes_empty() -> None:
    mask = np.zeros(IMAGE_SHAPE, dtype=np.uint8)
    assert not prior(4).reshaped(mask).any()
    mask[200, 300] = 1
    assert prior(4).reshaped(mask).any()
    line = np.zeros(IMAGE_SHAPE, dtype=np.uint8)
    line[0] = 1
    assert prior(4).reshaped(line).any()
    assert prior(4).reshaped(np.ones(IMAGE_SHAPE, dtype=np.uint8)).any()


def test_the_components_are_those_of_sklearn_and_more_of_them_are_nearer() -> None:
    rows = np.array([aligned(mask)[1] for mask in ovals(60, seed=0)], dtype=np.float64)
    errors = []
    for number in (1, 2, 4, 8, 16):
        known = fit_shapes(ovals(60, seed=0), number)
        theirs = PCA(number, svd_solver="full").fit(rows)
        expected = theirs.inverse_transform(theirs.transform(rows))
        away = rows - known.rows[0]
        ours = known.rows[0] + away @ known.rows[1:].T @ known.rows[1:]
        np.testing.assert_allclose(ours, expected, atol=1e-5)
        np.testing.assert_allclose(known.deviations, np.sqrt(theirs.explained_variance_))
        errors.append(float(np.square(rows - ours).sum()))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 4


def test_redrawn_masks_of_training_are_nearer_with_more_components() -> None:
    masks = ovals(60, seed=0)[:12]
    found = [overlap([prior(k).reshaped(mask) for mask in masks], masks) for k in (1, 4, 16)]
    means = [float(each.mean()) for each in found]
    assert means == sorted(means)
    assert means[-1] > 0.98


def test_coefficients_stay_within_three_standard_deviations() -> None:
    known = prior(1)
    far = known.rows[0] + 20 * np.float32(known.deviations[0]) * known.rows[1]
    away = known.nearest(far) - known.rows[0]
    # What is left of the far shape along the component, without what moves and enlarges it.
    coefficients = np.linalg.lstsq(known.directions.T, away.astype(np.float64), rcond=None)[0]
    assert coefficients[0] == pytest.approx(3 * known.deviations[0], rel=1e-3)


def test_too_few_masks_are_said_in_a_line() -> None:
    masks = [*ovals(60, seed=0)[:9], np.zeros(IMAGE_SHAPE, dtype=np.uint8)]
    with pytest.raises(InputError, match=r"decide.shape: 8 components need 10 .* there are 9; lo"):
        fit_shapes(masks, 8)
    assert fit_shapes(masks, 7).deviations


def test_equal_masks_make_a_prior_that_returns_them() -> None:
    (mask,) = ovals(1, seed=4)
    assert overlap([fit_shapes([mask] * 5, 2).reshaped(mask)], [mask])[0] > 0.97


def test_a_prior_is_the_same_after_json_and_a_damaged_one_is_refused() -> None:
    known = prior(4)
    assert ShapePrior.model_validate_json(known.model_dump_json()) == known
    assert known.rows.shape == (5, SIDE * SIDE)
    document = known.model_dump()
    for damage in (
        {"values": document["values"][:-4]},
        {"values": "*" + document["values"][1:]},
        {"deviations": document["deviations"][:-1]},
    ):
        with pytest.raises(ValidationError):
            ShapePrior.model_validate(document | damage)
