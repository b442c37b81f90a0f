"""The competition's run-length encoding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from pycocotools import mask as coco

from nerveseg import rle
from nerveseg.errors import InputError

masks = arrays(
    np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 1)
)


def test_runs_go_down_then_right_and_count_from_one() -> None:
    mask = np.array([[0, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=np.uint8)
    # Columns: (0,1,0), (1,1,0), (0,0,1): pixel 2, pixels 4 and 5, pixel 9.
    assert rle.encode(mask) == "2 1 4 2 9 1"
    np.testing.assert_array_equal(rle.decode("2 1 4 2 9 1", (3, 3)), mask)


def test_a_run_continues_from_one_column_into_the_next() -> None:
    mask = np.array([[0, 1], [1, 0], [1, 0]], dtype=np.uint8)
    assert rle.encode(mask) == "2 3"


@pytest.mark.parametrize(("value", "pixels"), [(0, ""), (1, "1 243600")])
def test_uniform_masks(value: int, pixels: str) -> None:
    mask = np.full(rle.IMAGE_SHAPE, value, dtype=np.uint8)
    assert rle.encode(mask) == pixels
    np.testing.assert_array_equal(rle.decode(pixels), mask)


@given(masks)
def test_decoding_undoes_encoding(mask: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(rle.decode(rle.encode(mask), mask.shape), mask)


@given(masks)
def test_encoding_is_that_of_the_plain_definition(mask: NDArray[np.uint8]) -> None:
    flat = np.concatenate([[0], mask.flatten(order="F"), [0]])
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges[1::2] -= edges[::2]
    assert rle.encode(mask) == " ".join(map(str, edges))


# pycocotools 2.0.11 predates numpy 2's `copy` keyword.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@given(masks)
def test_decoding_agrees_with_pycocotools(mask: NDArray[np.uint8]) -> None:
    counts, position = [], 0
    for start, end in rle.runs(rle.encode(mask), mask.size).tolist():
        counts += [start - position, end - start]
        position = end
    counts.append(mask.size - position)
    theirs = coco.decode(
        coco.frPyObjects({"size": list(mask.shape), "counts": counts}, *mask.shape)
    )
    np.testing.assert_array_equal(rle.decode(rle.encode(mask), mask.shape), theirs)


@given(masks)
def test_bool_255_and_strided_masks_encode_alike(mask: NDArray[np.uint8]) -> None:
    expected = rle.encode(mask)
    assert rle.encode(mask.astype(bool)) == expected
    assert rle.encode(mask * np.uint8(255)) == expected
    assert rle.encode(np.repeat(mask, 2, axis=1)[:, ::2]) == expected


def test_touching_runs_are_allowed() -> None:
    np.testing.assert_array_equal(rle.decode("1 2 3 1", (2, 2)), rle.decode("1 3", (2, 2)))


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        ("1 2 7", r"pair 2 \('7'\) has no length"),
        ("1 x", "pair 1: 'x' is not a whole number"),
        ("1 2 3.0 1", "pair 2: '3.0' is not a whole number"),
        ("-1 2", "pair 1: '-1' is not a whole number"),
        ("1_0 2", "pair 1: '1_0' is not a whole number"),
        ("1 99999999999999999999999", "pair 1: '99999999999999999999' is not a whole"),
        ("0 3", r"pair 1 \('0 3'\): pixels are counted from 1"),
        ("1 2 5 0", r"pair 2 \('5 0'\): a run has at least one pixel"),
        ("1 2 9 2", r"pair 2 \('9 2'\): it ends at pixel 10, and the image has only 9"),
        ("4 3 6 1", r"pair 2 \('6 1'\): it overlaps the run before, which ends at 6"),
        ("4 3 1 1", r"pair 2 \('1 1'\): the runs must be sorted"),
        ("9 9 1 0", r"pair 1 \('9 9'\)"),
    ],
)
def test_the_first_bad_pair_is_named(pixels: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        rle.decode(pixels, (3, 3))


@pytest.mark.parametrize("mask", [np.zeros((2, 2)), np.zeros((2, 2, 1), dtype=np.uint8)])
def test_what_is_not_a_mask_is_refused(mask: NDArray[np.uint8]) -> None:
    with pytest.raises(TypeError, match="H x W uint8 or bool"):
        rle.encode(mask)
