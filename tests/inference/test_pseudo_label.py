"""Only certain predictions of test frames become labels, and more certainty never labels more."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.metrics import precision_score

from nerveseg.errors import InputError
from nerveseg.inference.pseudo_label import label_frame, label_test
from nerveseg.pseudo_labels import Origin, PseudoLabels, path_of, read_labels, save_labels

HASH = "0" * 64
ORIGIN = Origin("unet", 1, HASH, HASH, {"w": HASH}, {"split.folds": 4}, 0.9, 1)
PROBABILITIES = arrays.arrays(np.float32, (6, 8), elements=st.floats(0, 1, width=32))


def network(
    probabilities: NDArray[np.float32],
) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Return a network whose map of an image is that of the index in its first pixel."""
    logits = logit(np.clip(probabilities, 1e-7, 1 - 1e-7)).astype(np.float32)
    return lambda images: logits[images[:, 0, 0]]


def images(count: int) -> NDArray[np.uint8]:
    return np.arange(count, dtype=np.uint8)[:, None, None] * np.ones((1, 6, 8), np.uint8)


def labelled(probabilities: NDArray[np.float32], sure: float, area: int = 1) -> PseudoLabels:
    origin = ORIGIN._replace(sure=sure, least_area=area)
    count = len(probabilities)
    return label_test([network(probabilities)], images(count), range(10, 10 + count), origin, 2)


@given(PROBABILITIES)
def test_the_certainty_is_the_precision_to_expect_or_that_no_pixel_is_nerve(
    probability: NDArray[np.float32],
) -> None:
    mask, certainty = label_frame(probability, 1)
    np.testing.assert_array_equal(mask, np.round(np.nextafter(probability, 1)) > 0)
    if not mask.any():
        assert certainty == 1 - probability.max()
        return
    # In a world where each pixel is nerve with this probability, it is the mean precision.
    weights = np.stack([probability, 1 - probability]).ravel()
    truth, found = np.repeat([1, 0], mask.size), np.tile(mask.ravel(), 2)
    expected = precision_score(truth, found, sample_weight=weights)
    assert certainty == pytest.approx(expected, abs=1e-6)


@given(
    arrays.arrays(np.float32, (5, 6, 8), elements=st.floats(0, 1, width=32)),
    st.floats(0.501, 1),
    st.floats(0.501, 1),
)
def test_more_certainty_labels_a_subset_with_the_same_masks(
    probabilities: NDArray[np.float32], one: float, other: float
) -> None:
    few, many = (labelled(probabilities, sure) for sure in (max(one, other), min(one, other)))
    assert set(few.img) <= set(many.img)
    assert (few.certainty >= max(one, other) - 1e-6).all()
    place = np.searchsorted(many.img, few.img)
    np.testing.assert_array_equal(few.bits, many.bits[place])


def test_frames_are_kept_with_a_sure_nerve_and_surely_without_one_and_no_others() -> None:
    probabilities = np.full((5, 6, 8), 0.01, np.float32)
    probabilities[0, 2:4, 2:6] = 0.99  # a nerve
    probabilities[1, 2:4, 2:6] = 0.80  # perhaps one
    probabilities[2, 3, 3] = 0.99  # a speck
    probabilities[3, 3, 3] = 0.30  # a doubtful pixel
    area = 4 * 420 * 580 // 48
    kept = labelled(probabilities, 0.9, area)
    assert kept.img.tolist() == [10, 14]
    assert kept.positive.tolist() == [True, False]
    np.testing.assert_array_equal(kept.mask(0), probabilities[0] > 0.5)
    assert not kept.mask(1).any()
    assert labelled(probabilities, 0.51, area).img.tolist() == [10, 11, 13, 14]
    assert len(labelled(probabilities[3:4], 0.9)) == 0


def test_the_networks_of_a_fold_decide_by_the_mean_of_their_probabilities() -> None:
    maps = expit(np.random.default_rng(0).normal(0, 3, (2, 7, 6, 8))).astype(np.float32)
    origin = ORIGIN._replace(sure=0.55)
    each = [network(one) for one in maps]
    together = label_test(each, images(7), range(10, 17), origin, 3)
    mean = labelled(maps.mean(axis=0), 0.55)
    np.testing.assert_array_equal(together.img, mean.img)
    np.testing.assert_array_equal(together.bits, mean.bits)
    assert len(mean) > 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    masks = np.zeros((3, 6, 7), np.uint8)
    masks[1, 2, 3] = masks[2, 5, 6] = 1
    bits = np.packbits(masks.reshape(3, 42), axis=1)
    certainty = np.array([0.9, 0.95, 1.0], np.float32)
    img = np.array([3, 4, 50], np.int64)
    save_labels(path_of(tmp_path, 1), PseudoLabels(ORIGIN, img, bits, certainty, (6, 7)))
    return tmp_path


def test_a_file_holds_what_was_written(folder: Path) -> None:
    read = read_labels(folder, 1)
    assert read.origin == ORIGIN
    assert read.img.tolist() == [3, 4, 50]
    assert read.shape == (6, 7)
    assert [np.argwhere(read.mask(index)).tolist() for index in range(3)] == [
        [],
        [[2, 3]],
        [[5, 6]],
    ]
    assert read.certainty.tolist() == pytest.approx([0.9, 0.95, 1])


def test_the_file_of_another_fold_and_damaged_ones_are_refused_in_a_line(folder: Path) -> None:
    with pytest.raises(InputError, match=r"fold0.safetensors: not found, and fold 0 needs it"):
        read_labels(folder, 0)
    path_of(folder, 0).write_bytes(path_of(folder, 1).read_bytes())
    with pytest.raises(InputError, match=r"validate on fold 1 and were trained on .* fold 0"):
        read_labels(folder, 0)
    whole = path_of(folder, 1).read_bytes()
    for damaged in (b"", whole[:-4], whole.replace(b'"I64"', b'"U64"', 1), whole[:40]):
        path_of(folder, 1).write_bytes(damaged)
        with pytest.raises(InputError, match=r"fold1.safetensors: not readable as pseudo-labels"):
            read_labels(folder, 1)
