"""The augmentation is a function of seed and key, and the same for image and mask."""

import multiprocessing
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from nerveseg.data.augment import Augmentation
from nerveseg.data.random_warp import RandomWarp, Strengths
from nerveseg.errors import InputError

ALL = ("horizontal", "vertical", "diagonal")
EVERYTHING = Strengths(rotation=15, scale=0.2, shift=0.1, intensity=0.3)
IMAGE = np.random.default_rng(0).integers(1, 256, (32, 32), dtype=np.uint8)
MASK = (IMAGE > 128).astype(np.uint8)


def augmented(frame: int, seed: int = 1, epoch: int = 0) -> tuple[bytes, bytes]:
    image, mask = Augmentation(ALL, EVERYTHING, (32, 32), seed)(IMAGE, MASK, (epoch, frame))
    return image.tobytes(), mask.tobytes()


def test_equal_keys_give_equal_results_after_any_history() -> None:
    used = Augmentation(ALL, EVERYTHING, (32, 32), 1)
    for frame in (5, 3, 7):
        image, mask = used(IMAGE, MASK, (0, frame))
        assert (image.tobytes(), mask.tobytes()) == augmented(frame)


def test_equal_keys_give_equal_results_in_another_process() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(augmented, range(3)) == [augmented(frame) for frame in range(3)]


def test_seed_epoch_and_frame_each_matter() -> None:
    results = [augmented(0), augmented(0, seed=2), augmented(0, epoch=1), augmented(1)]
    assert len(set(results)) == 4


def test_no_strength_and_no_flip_change_nothing() -> None:
    augmentation = Augmentation((), Strengths(), (32, 32), 1)
    for frame in range(20):
        image, mask = augmentation(IMAGE, MASK, (0, frame))
        np.testing.assert_array_equal(image, IMAGE)
        np.testing.assert_array_equal(mask, MASK)


def test_flips_move_image_and_mask_alike_and_produce_all_eight_orientations() -> None:
    augmentation = Augmentation(ALL, Strengths(), (32, 32), 1)
    sides = set()
    for frame in range(200):
        image, mask = augmentation(IMAGE, MASK, (0, frame))
        np.testing.assert_array_equal(mask, image > 128)
        sides.add(image.tobytes())
    turned = [np.rot90(each, k) for each in (IMAGE, IMAGE.T) for k in range(4)]
    assert sides == {np.ascontiguousarray(each).tobytes() for each in turned}


@pytest.mark.parametrize("strengths", [Strengths(rotation=15), EVERYTHING._replace(intensity=0)])
def test_a_warped_mask_stays_binary_and_moves_with_the_image(strengths: Strengths) -> None:
    image = np.zeros((64, 64), np.uint8)
    image[10:20, 30:50] = 255
    augmentation = Augmentation((), strengths, (64, 64), 1)
    for frame in range(20):
        turned, mask = augmentation(image, image // 255, (0, frame))
        assert turned.dtype == mask.dtype == np.uint8
        assert set(np.unique(mask)) <= {0, 1}
        assert np.mean((turned > 127) != mask) < 0.01


def test_sides_are_equally_likely_over_consecutive_keys() -> None:
    warp = RandomWarp(ALL, Strengths(), (32, 32), 1)
    sides = Counter(
        warp.change((frame // 500, frame % 500, 0)).source[:, :2].tobytes() for frame in range(4000)
    )
    assert len(sides) == 8
    assert stats.chisquare(list(sides.values())).pvalue > 0.001


def test_a_diagonal_flip_of_an_oblong_frame_is_refused() -> None:
    with pytest.raises(InputError, match=r"train\.flips: .*square.*\[32, 48\]"):
        Augmentation(ALL, Strengths(15), (32, 48), 1)
    assert Augmentation(("horizontal",), Strengths(15), (32, 48), 1)


def test_a_frame_without_a_nerve_is_changed_like_one_with_a_nerve() -> None:
    augmentation = Augmentation(ALL, EVERYTHING, (32, 32), 1)
    empty = np.zeros_like(MASK)
    for frame in range(20):
        image, mask = augmentation(IMAGE, empty, (0, frame))
        np.testing.assert_array_equal(image, augmentation(IMAGE, MASK, (0, frame))[0])
        np.testing.assert_array_equal(mask, empty)
