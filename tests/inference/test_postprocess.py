"""The small-blob rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from skimage.morphology import remove_small_objects

from nerveseg.inference.postprocess import clean

masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.booleans())


def blobs() -> NDArray[np.uint8]:
    """A blob of 4 pixels, one of 2 touching it by a corner only, and one of 3 apart."""
    return np.array(
        [
            [1, 1, 0, 0, 0, 0],
            [1, 1, 0, 0, 0, 1],
            [0, 0, 1, 1, 0, 1],
            [0, 0, 0, 0, 0, 1],
        ],
        dtype=np.uint8,
    )


@pytest.mark.parametrize(
    ("min_blob", "min_total", "left"),
    [(0, 0, 9), (3, 0, 9), (4, 0, 6), (6, 0, 6), (7, 0, 0), (4, 6, 6), (4, 7, 0), (0, 10, 0)],
)
def test_blobs_by_hand(min_blob: int, min_total: int, left: int) -> None:
    assert clean(blobs(), min_blob, min_total).sum() == left


@given(masks, st.integers(1, 9))
def test_small_blobs_go_as_in_scikit_image(mask: NDArray[np.bool_], min_blob: int) -> None:
    theirs = remove_small_objects(mask, max_size=min_blob - 1, connectivity=2)
    np.testing.assert_array_equal(clean(mask, min_blob, 0), theirs)


@given(masks, st.integers(0, 9), st.integers(0, 40))
def test_cleaning_twice_is_cleaning_once(
    mask: NDArray[np.bool_], min_blob: int, min_total: int
) -> None:
    once = clean(mask, min_blob, min_total)
    np.testing.assert_array_equal(clean(once, min_blob, min_total), once)


@given(masks, st.integers(0, 9), st.integers(0, 40))
def test_what_is_left_was_there_and_is_enough(
    mask: NDArray[np.bool_], min_blob: int, min_total: int
) -> None:
    before = mask.copy()
    after = clean(mask, min_blob, min_total)
    assert not (after & ~mask).any()
    assert after.sum() == 0 or after.sum() >= max(min_blob, min_total)
    np.testing.assert_array_equal(mask, before)
