"""The matrices resize as OpenCV does."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nerveseg.data.packed_writer import resize_image
from nerveseg.engines.resizing import area_matrices, linear_matrix

sides = st.tuples(st.integers(1, 40), st.integers(1, 40))


def noise(shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(1).random(shape, np.float32)


@given(before=sides, after=sides)
def test_the_matrices_resize_as_opencv(before: tuple[int, int], after: tuple[int, int]) -> None:
    image = noise(before)
    rows, columns = area_matrices(before, after)
    wanted = cv2.resize(image, after[::-1], interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(rows @ image @ columns.T, wanted, atol=2e-6)
    rows, columns = (linear_matrix(*each) for each in zip(before, after, strict=True))
    wanted = cv2.resize(image, after[::-1], interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(rows @ image @ columns.T, wanted, atol=2e-6)


@pytest.mark.parametrize("size", [(64, 96), (96, 96), (256, 256), (512, 512), (448, 576)])
def test_frames_of_the_competition_are_resized_as_they_were_for_training(
    size: tuple[int, int],
) -> None:
    image = np.random.default_rng(2).integers(0, 256, (420, 580), np.uint8)
    rows, columns = area_matrices((420, 580), size)
    found, wanted = np.rint(rows @ image @ columns.T), resize_image(image, size)
    # Where a side grows, OpenCV computes with 11 bits; a level in 255 is all that it may differ by.
    assert np.abs(found - wanted).max() <= (0 if max(size) <= 256 else 1)
