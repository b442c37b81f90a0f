"""Physical properties that simulated frames and sweeps share with real ones."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from nerveseg.data.simulated.anatomy import SHAPE, Neck, draw_neck
from nerveseg.data.simulated.bmode import scan
from nerveseg.data.simulated.fields import between
from nerveseg.data.simulated.tissue import Tissue, paint

FRAMES = 24


@pytest.fixture(scope="module")
def neck() -> Neck:
    return draw_neck(3, 1, FRAMES, 0.4)


def even_tissue(neck: Neck, frame: int = 0) -> NDArray[np.float64]:
    """Return a frame of scatterers without anatomy, with mean 0."""
    scanner = replace(neck.scanner, shadow=np.zeros_like(neck.scanner.shadow), fade=0.0, noise=-60)
    nothing = Tissue(np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32))
    image = scan(replace(neck, scanner=scanner), nothing, frame).astype(np.float64)
    return image - float(image.mean())


def width(rows: NDArray[np.float64], axis: int) -> float:
    """Return the lag, in pixels, at which the autocorrelation along `axis` falls to a half."""
    field = np.moveaxis(rows - rows.mean(), axis, 0)
    values = [float((field[lag:] * field[: len(field) - lag]).mean()) for lag in range(12)]
    shares = np.array(values) / values[0]
    return float(np.interp(0.5, shares[::-1], np.arange(12)[::-1]))


def test_speckle_is_finer_along_depth_than_across(neck: Neck) -> None:
    speckle = even_tissue(neck)[100:200]
    assert 1.2 * width(speckle, axis=0) < width(speckle, axis=1)


def test_speckle_grows_with_depth(neck: Neck) -> None:
    speckle = even_tissue(neck)
    widths = [width(speckle[rows], axis=1) for rows in (slice(20, 140), slice(300, 420))]
    assert widths[1] > 1.3 * widths[0]


def test_the_envelope_of_scatterers_is_that_of_fully_developed_speckle(neck: Neck) -> None:
    # The logarithm of a Rayleigh envelope has a standard deviation of 5.6 dB; compounding
    # and smoothing only lower it.
    decibels = even_tissue(neck).std() / 255 * neck.scanner.dynamic_range
    assert 1.5 < decibels < 5.6


def test_deep_tissue_is_darker() -> None:
    rows = np.mean([_image(draw_neck(4, n, 4, 0.5), 1).mean(axis=1) for n in range(8)], axis=0)
    assert rows[:60].mean() > rows[120:200].mean() + 20 > rows[340:].mean() + 30


def test_neighbours_are_near_duplicates_and_the_ends_of_a_sweep_are_not(neck: Neck) -> None:
    first, second, last = (_fine(_image(neck, frame)) for frame in (0, 1, FRAMES - 1))
    assert np.corrcoef(first, second)[0, 1] > 0.6
    assert np.corrcoef(first, last)[0, 1] < 0.2


def test_a_frame_is_the_same_whatever_was_drawn_before_it(neck: Neck) -> None:
    before = _image(neck, 5)
    for frame in (20, 0, 11):
        _image(draw_neck(3, 2, FRAMES, 0.4), frame)
    assert (_image(draw_neck(3, 1, FRAMES, 0.4), 5) == before).all()


def test_mixtures_of_planes_keep_their_variance() -> None:
    for position in np.linspace(0, 3, 13):
        plane, one, other = between(float(position))
        assert plane == int(position)
        assert one**2 + other**2 == pytest.approx(1)


def _image(neck: Neck, frame: int) -> NDArray[np.uint8]:
    return scan(neck, paint(neck, frame), frame)


def _fine(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the details finer than 15 pixels: speckle and edges, without layers and gain."""
    grey = image.astype(np.float64)
    return (grey - cv2.GaussianBlur(grey, (0, 0), 5)).ravel()
