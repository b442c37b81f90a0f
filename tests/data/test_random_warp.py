"""Rotation, zoom and shift keep the geometry of the competition's frames, at any packed shape."""

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage, stats

from nerveseg.data.augment import Augmentation
from nerveseg.data.packed_writer import resize_image, resize_mask
from nerveseg.data.random_warp import RandomWarp, Strengths
from nerveseg.rle import IMAGE_SHAPE

SHAPES = [(96, 96), (256, 256), (96, 128), (64, 96), (448, 576), (200, 90)]
ALL = ("horizontal", "vertical", "diagonal")
LEVEL = 140
KEYS = [(0, frame) for frame in range(6)]


def native_map(source: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the linear part of `source` in pixels of the competition's frames."""
    packed_per_native = np.array([shape[1] / IMAGE_SHAPE[1], shape[0] / IMAGE_SHAPE[0]])
    return np.asarray(source[:, :2] * packed_per_native / packed_per_native[:, None])


def smooth_frame() -> NDArray[np.uint8]:
    noise = np.random.default_rng(3).normal(size=IMAGE_SHAPE)
    blurred = ndimage.gaussian_filter(noise, 30)
    spread = (blurred - blurred.min()) / np.ptp(blurred)
    return np.asarray(20 + 230 * spread, dtype=np.uint8)


def axes_ratio(mask: NDArray[np.uint8], shape: tuple[int, int]) -> float:
    """Return the ratio of the principal axes of `mask`, measured in the competition's pixels."""
    rows, columns = np.nonzero(mask)
    places = np.stack([columns * IMAGE_SHAPE[1] / shape[1], rows * IMAGE_SHAPE[0] / shape[0]])
    small, large = np.linalg.eigvalsh(np.cov(places))
    return math.sqrt(large / small)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_disc_stays_a_disc(shape: tuple[int, int]) -> None:
    native = np.zeros(IMAGE_SHAPE, np.uint8)
    cv2.circle(native, (300, 200), 90, 1, -1)
    mask = resize_mask(native, shape)
    augmentation = Augmentation((), Strengths(rotation=60, scale=0.2), shape, 1)
    for key in KEYS:
        assert axes_ratio(augmentation(mask, mask, key)[1], shape) < 1.04


@pytest.mark.parametrize("flips", [(), ("horizontal",), ("horizontal", "vertical")])
@pytest.mark.parametrize("shape", SHAPES)
def test_in_native_pixels_the_map_is_a_flip_a_rotation_and_a_zoom(
    shape: tuple[int, int], flips: tuple[str, ...]
) -> None:
    warp = RandomWarp(flips, Strengths(rotation=40, scale=0.3), shape, 1)
    mirrored = set()
    for key in KEYS:
        linear = native_map(warp.change(key).source, shape)
        zoom = math.sqrt(abs(np.linalg.det(linear)))
        np.testing.assert_allclose(linear @ linear.T, np.eye(2) * zoom**2, atol=1e-12)
        mirrored.add(bool(np.linalg.det(linear) < 0))
    assert mirrored == ({False, True} if flips else {False})


@pytest.mark.parametrize("shape", SHAPES)
def test_packing_after_the_change_gives_the_same_frame(shape: tuple[int, int]) -> None:
    strengths = Strengths(rotation=30, scale=0.2, shift=0.1)
    frame = smooth_frame()
    packed = resize_image(frame, shape)
    packed_mask = resize_mask((frame > LEVEL).astype(np.uint8), shape)
    augmentation = Augmentation((), strengths, shape, 1)
    warp = RandomWarp((), strengths, shape, 1)
    for key in KEYS:
        source = warp.change(key).source
        linear = native_map(source, shape)
        angle = math.degrees(math.atan2(linear[0, 1], linear[0, 0]))
        zoom = 1 / math.sqrt(np.linalg.det(linear))
        shift = shift_of(source, shape) * IMAGE_SHAPE[::-1]
        slow = slowly(frame, angle, zoom, shift)
        expected, ours = resize_image(slow, shape), augmentation(packed, packed_mask, key)
        seen = (ours[0] > 0) & (expected > 0)
        assert seen.mean() > 0.5
        assert np.quantile(np.abs(expected.astype(int) - ours[0])[seen], 0.95) <= 3
        slow_mask = resize_mask((slow > LEVEL).astype(np.uint8), shape)
        assert np.mean(slow_mask[seen] != ours[1][seen]) < 0.03


def shift_of(source: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the shift (x, y) of `source` as fractions of the frame's width and height."""
    centre = (np.array(shape[::-1]) - 1) / 2
    return np.asarray(np.linalg.solve(source[:, :2], centre - source @ [*centre, 1]) / shape[::-1])


def slowly(
    frame: NDArray[np.uint8], angle: float, zoom: float, shift: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Rotate (degrees), zoom and shift (x, y) a frame of the competition's size with SciPy."""
    turn = math.radians(angle)
    # (row, column): the transpose of the matrix on (x, y), whose angle has the other sign.
    inverse = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]) / zoom
    centre = (np.array(frame.shape) - 1) / 2
    offset = centre - inverse @ (centre + shift[::-1])
    return np.asarray(ndimage.affine_transform(frame, inverse, offset, order=1), np.uint8)


def test_each_kind_of_change_is_uniform_within_its_limits_and_independent() -> None:
    # Native and packed geometry agree, so that the numbers can be read off the matrix.
    warp = RandomWarp((), Strengths(15, 0.2, 0.1), IMAGE_SHAPE, 1)
    drawn = []
    for frame in range(3000):
        source = warp.change((frame // 500, frame % 500, 0)).source
        linear = source[:, :2]
        angle = math.degrees(math.atan2(linear[0, 1], linear[0, 0]))
        zoom = -math.log(np.linalg.det(linear)) / 2
        shift = shift_of(source, IMAGE_SHAPE)
        drawn.append([angle / 15, zoom / math.log(1.2), *(shift / 0.1)])
    columns = np.array(drawn).T
    assert np.abs(columns).max() <= 1 + 1e-9
    for column in columns:
        assert stats.kstest(column, stats.uniform(-1, 2).cdf).pvalue > 0.001
    assert np.abs(np.corrcoef(columns) - np.eye(4)).max() < 0.06


def test_a_shift_stays_within_its_fraction_of_height_and_width() -> None:
    dot = np.zeros((40, 60), np.uint8)
    dot[20, 30] = 1
    augmentation = Augmentation((), Strengths(shift=0.2), (40, 60), 1)
    moved = [np.argwhere(augmentation(dot, dot, (0, frame))[1]) for frame in range(60)]
    farthest = np.abs(np.concatenate(moved) - [20, 30]).max(axis=0)
    assert (farthest <= [8, 12]).all()
    assert (farthest >= [6, 10]).all()


def test_the_diagonal_flip_is_the_transpose_of_the_packed_square() -> None:
    image = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
    augmentation = Augmentation(("diagonal",), Strengths(), (32, 32), 1)
    seen = {augmentation(image, image, key)[0].tobytes() for key in KEYS}
    assert seen == {image.tobytes(), image.T.tobytes()}


def test_a_flip_turns_the_rotated_frame() -> None:
    strengths = Strengths(rotation=30, scale=0.1)
    plain, flipped = (RandomWarp(flips, strengths, (64, 64), 1) for flips in ((), ALL))
    for key in KEYS:
        turned, both = (warp.change(key).source[:, :2] for warp in (plain, flipped))
        side = np.linalg.solve(turned, both)
        np.testing.assert_allclose(side, np.rint(side), atol=1e-12)
        np.testing.assert_allclose(np.abs(np.linalg.det(side)), 1)


def test_grey_levels_change_in_their_order_by_a_limited_amount_and_leave_the_mask() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    mask = (levels > 128).astype(np.uint8)
    augmentation = Augmentation((), Strengths(intensity=0.2), (16, 16), 1)
    results = set()
    for frame in range(50):
        image, same = augmentation(levels, mask, (0, frame))
        np.testing.assert_array_equal(same, mask)
        assert (np.diff(image.ravel().astype(int)) >= 0).all()
        # Brightness by 0.1 of the range, contrast by 0.2 * 0.5, gamma by 0.07 at the most.
        assert np.abs(image.astype(int) - levels).max() <= 255 * (0.1 + 0.1 + 0.08)
        results.add(image.tobytes())
    assert len(results) == 50


def test_pixels_from_outside_the_frame_stay_0_under_any_grey_levels() -> None:
    image = np.full((32, 32), 200, np.uint8)
    augmentation = Augmentation((), Strengths(shift=0.4, intensity=1), (32, 32), 1)
    for key in KEYS:
        assert augmentation(image, image // 200, key)[0][::31, ::31].min() == 0
