"""Distances between outlines, against values worked by hand, scipy and scikit-image."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion
from scipy.spatial.distance import cdist
from skimage.metrics import hausdorff_distance

from nerveseg.metrics import surface

masks = arrays(np.bool_, (9, 11), elements=st.booleans() | st.just(True))


def square(top: int, left: int, side: int) -> NDArray[np.uint8]:
    mask = np.zeros((30, 40), np.uint8)
    mask[top : top + side, left : left + side] = 1
    return mask


def outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = binary_erosion(mask)
    return mask ^ inside


def test_two_pixels_by_hand() -> None:
    found = surface.boundary(square(2, 3, 1), square(5, 7, 1))
    assert found == (5.0, 5.0)


def test_a_square_and_its_centre_by_hand() -> None:
    # Of the eight outline pixels, four have distance 1 and four sqrt(2); the reverse distance is 1.
    found = surface.boundary(square(4, 4, 3), square(5, 5, 1))
    assert found.mean == pytest.approx((4 * 1 + 4 * math.sqrt(2) + 1) / 9)
    assert found.hausdorff95 == pytest.approx(math.sqrt(2))


def test_a_shift_of_a_large_square_is_mostly_its_length() -> None:
    assert surface.hausdorff95(square(5, 5, 10), square(5, 8, 10)) == 3.0


def test_equal_masks_are_at_distance_0_and_so_are_two_empty_ones() -> None:
    empty = np.zeros((4, 4), np.uint8)
    assert surface.boundary(square(1, 1, 5), square(1, 1, 5)) == (0, 0)
    assert surface.boundary(empty, empty) == (0, 0)


def test_an_empty_mask_is_at_no_distance_from_another() -> None:
    empty = np.zeros((30, 40), np.uint8)
    for pair in ((empty, square(1, 1, 5)), (square(1, 1, 5), empty)):
        assert all(math.isnan(value) for value in surface.boundary(*pair))


@given(masks, masks)
def test_distances_are_those_of_all_pairs_of_outline_pixels(
    prediction: NDArray[np.bool_], truth: NDArray[np.bool_]
) -> None:
    assume(prediction.any() and truth.any())
    pairs = cdist(np.argwhere(outline(prediction)), np.argwhere(outline(truth)))
    there, back = pairs.min(axis=1), pairs.min(axis=0)
    np.testing.assert_allclose(np.sort(surface.distances(prediction, truth)[0]), np.sort(there))
    expected = max(np.percentile(there, 95), np.percentile(back, 95))
    assert surface.hausdorff95(prediction, truth) == pytest.approx(expected)
    mean = np.concatenate([there, back]).mean()
    assert surface.mean_surface_distance(prediction, truth) == pytest.approx(mean)


@given(masks, masks)
def test_the_largest_distance_is_scikit_images_hausdorff(
    prediction: NDArray[np.bool_], truth: NDArray[np.bool_]
) -> None:
    assume(prediction.any() and truth.any())
    largest = max(part.max() for part in surface.distances(prediction, truth))
    theirs = hausdorff_distance(outline(prediction), outline(truth))
    assert largest == pytest.approx(theirs)


@given(masks, masks)
def test_distances_are_symmetric(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> None:
    there = surface.boundary(prediction, truth)
    assert surface.boundary(truth, prediction) == pytest.approx(there, nan_ok=True)


def test_exact_far_apart_at_native_size() -> None:
    one, other = np.zeros((420, 580), np.uint8), np.zeros((420, 580), np.uint8)
    one[3, 7] = other[401, 566] = 1
    assert surface.hausdorff95(one, other) == pytest.approx(math.hypot(398, 559), rel=1e-6)


def test_different_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="a prediction of"):
        surface.boundary(square(0, 0, 1), square(0, 0, 1).T)
