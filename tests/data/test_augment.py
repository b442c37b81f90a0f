"""Flips and rotation are a function of seed and key, and the same for image and mask."""

from collections import Counter

import albumentations
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from nerveseg.data.augment import FLIPS, Augmentation, FlipsAndRotation
from nerveseg.errors import InputError

ALL = ("horizontal", "vertical", "diagonal")
IMAGE = np.random.default_rng(0).integers(1, 256, (32, 32), dtype=np.uint8)
MASK = (IMAGE > 128).astype(np.uint8)


def test_equal_keys_give_equal_results_after_any_history() -> None:
    fresh, used = (Augmentation(ALL, 15, (32, 32), 1) for _ in range(2))
    for frame in range(5):
        used(IMAGE, MASK, (0, frame))
    for one, other in zip(fresh(IMAGE, MASK, (2, 7)), used(IMAGE, MASK, (2, 7)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_seed_epoch_and_frame_each_matter() -> None:
    results = [
        Augmentation(ALL, 15, (32, 32), seed)(IMAGE, MASK, key)[0].tobytes()
        for seed, key in [(1, (0, 0)), (2, (0, 0)), (1, (1, 0)), (1, (0, 1))]
    ]
    assert len(set(results)) == 4


def test_flips_move_image_and_mask_alike_and_produce_all_eight_orientations() -> None:
    augmentation = Augmentation(ALL, 0, (32, 32), 1)
    sides = set()
    for frame in range(200):
        image, mask = augmentation(IMAGE, MASK, (0, frame))
        np.testing.assert_array_equal(mask, image > 128)
        sides.add(image.tobytes())
    turned = [np.rot90(each, k) for each in (IMAGE, IMAGE.T) for k in range(4)]
    assert sides == {np.ascontiguousarray(each).tobytes() for each in turned}


def test_a_rotated_mask_stays_binary_and_moves_with_the_image() -> None:
    image = np.zeros((64, 64), np.uint8)
    image[10:20, 30:50] = 255
    augmentation = Augmentation((), 15, (64, 64), 1)
    for frame in range(20):
        turned, mask = augmentation(image, image // 255, (0, frame))
        assert turned.dtype == mask.dtype == np.uint8
        assert set(np.unique(mask)) <= {0, 1}
        assert np.mean((turned > 127) != mask) < 0.01


def test_no_rotation_goes_beyond_the_limit() -> None:
    bar = np.zeros((101, 101), np.uint8)
    bar[48:53] = 1
    augmentation = Augmentation((), 15, (101, 101), 1)
    slopes = []
    for frame in range(60):
        rows, columns = np.nonzero(augmentation(bar, bar, (0, frame))[1])
        slopes.append(np.degrees(np.arctan(np.polyfit(columns, rows, 1)[0])))
    assert max(map(abs, slopes)) <= 15.5
    assert min(slopes) < -10
    assert max(slopes) > 10


def smooth(side: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(3).integers(0, 256, (side, side), dtype=np.uint8)
    blurred = cv2.GaussianBlur(noise, (0, 0), 3)
    stretched = cv2.normalize(blurred, np.empty_like(blurred), 0, 255, cv2.NORM_MINMAX)
    return np.asarray(stretched, dtype=np.uint8)


@pytest.mark.parametrize("flips", [(), ("horizontal",), ("vertical",), ("diagonal",)])
def test_one_pass_is_the_flip_and_then_the_rotation_of_albumentations(
    flips: tuple[str, ...],
) -> None:
    image = smooth(64)
    mask = (image > 128).astype(np.uint8)
    flip = {
        "horizontal": albumentations.HorizontalFlip(p=1),
        "vertical": albumentations.VerticalFlip(p=1),
        "diagonal": albumentations.Transpose(p=1),
    }
    augmentation = Augmentation(flips, 40, (64, 64), 1)
    drawn = FlipsAndRotation(flips, 40, (64, 64), 1)
    flipped = set()
    for frame in range(12):
        turn = drawn.source((0, frame))[:, :2]
        mirrored = bool(np.linalg.det(turn) < 0)
        flipped.add(mirrored)
        steps = [flip[name] for name in flips] if mirrored else []
        if mirrored:
            turn = np.linalg.inv(FLIPS[flips[0]]) @ turn
        angle = np.degrees(np.arctan2(turn[1, 0], turn[0, 0]))
        steps.append(albumentations.Rotate(limit=(angle, angle), p=1))
        expected = albumentations.Compose(steps)(image=image, mask=mask)
        ours = augmentation(image, mask, (0, frame))
        difference = np.abs(expected["image"].astype(int) - ours[0])
        assert np.quantile(difference, 0.99) <= 2
        assert np.mean(expected["mask"] != ours[1]) < 0.005
    assert flipped == ({False, True} if flips else {False})


def test_sides_are_equally_likely_and_angles_uniform_over_consecutive_keys() -> None:
    drawn = FlipsAndRotation(ALL, 15, (32, 32), 1)
    sides: Counter[tuple[float, ...]] = Counter()
    angles = []
    for frame in range(4000):
        turn = drawn.source((frame // 500, frame % 500, 0))[:, :2]
        side = np.rint(turn)
        sides[tuple(side.ravel())] += 1
        rotation = side.T @ turn
        angles.append(np.degrees(np.arctan2(rotation[0, 1], rotation[0, 0])))
    assert len(sides) == 8
    assert stats.chisquare(list(sides.values())).pvalue > 0.001
    assert stats.kstest(angles, stats.uniform(-15, 30).cdf).pvalue > 0.001


def test_a_diagonal_flip_of_an_oblong_frame_is_refused() -> None:
    with pytest.raises(InputError, match=r"train\.flips: .*square.*\[32, 48\]"):
        Augmentation(ALL, 15, (32, 48), 1)
    assert Augmentation(("horizontal",), 15, (32, 48), 1)


def test_a_frame_without_a_nerve_is_moved_like_one_with_a_nerve() -> None:
    augmentation = Augmentation(ALL, 15, (32, 32), 1)
    empty = np.zeros_like(MASK)
    for frame in range(20):
        image, mask = augmentation(IMAGE, empty, (0, frame))
        np.testing.assert_array_equal(image, augmentation(IMAGE, MASK, (0, frame))[0])
        np.testing.assert_array_equal(mask, empty)
