"""Smooth random fields, from which anatomy and speckle are made."""

from functools import lru_cache
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_STREAMS: Final = {"speckle": 1, "texture": 2, "anatomy": 3, "sweep": 4, "labels": 5}


def generator(seed: int, stream: str, *keys: int) -> np.random.Generator:
    """Return the generator of `stream` for `keys`, such as (subject, plane).

    It depends on nothing else, so frames can be drawn in any order, by any process.
    """
    return np.random.default_rng([seed, _STREAMS[stream], *keys])


def blur(field: Array, sigma: tuple[float, float]) -> Array:
    """Return `field` (H x W) blurred by a Gaussian of `sigma` (down, across) pixels."""
    down, across = (cv2.getGaussianKernel(2 * int(3 * s + 1) + 1, s, cv2.CV_32F) for s in sigma)
    blurred = cv2.sepFilter2D(field, cv2.CV_32F, across, down, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, dtype=np.float32)


def standardise(field: Array) -> Array:
    """Return `field` with mean 0 and standard deviation 1."""
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float32)


def curves(rng: np.random.Generator, count: int, length: int, knots: tuple[int, int]) -> Array:
    """Return `count` smooth curves of `length` points, similar to their neighbours.

    Their standard deviation is about 1.

    Args:
        rng: source of random numbers.
        count: number of curves, for instance frames of a sweep.
        length: number of points of each.
        knots: number of independent values along (count, length): the fewer, the smoother.

    Returns:
        `count` x `length` float32.
    """
    coarse = rng.standard_normal((knots[0] + 3, knots[1] + 3), dtype=np.float32)
    # Cubic interpolation between the inner knots lowers the variance by about a quarter, which
    # the factor 1.2 restores.
    rows = np.linspace(1, knots[0] + 1, count, dtype=np.float32)[:, None].repeat(length, 1)
    columns = np.linspace(1, knots[1] + 1, length, dtype=np.float32)[None].repeat(count, 0)
    smooth = cv2.remap(coarse, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(1.2 * smooth, dtype=np.float32)


def between(position: float) -> tuple[int, float, float]:
    """Return the index of the plane below `position`, and the weights of it and of the next plane.

    The squares of the weights sum to 1: a mixture of independent planes keeps its variance.
    """
    below = int(position)
    angle = (position - below) * np.pi / 2
    return below, float(np.cos(angle)), float(np.sin(angle))


class Weave(NamedTuple):
    """Shape of a texture: a Gaussian field that is elongated along its fibres.

    Attributes:
        sigma: smoothing (down, across) in pixels.
        tilt: slope of the fibres, in pixels down per pixel across.
    """

    sigma: tuple[float, float]
    tilt: float


@lru_cache(maxsize=32)
def texture_plane(key: tuple[int, ...], shape: tuple[int, int], weave: Weave) -> Array:
    """Return one plane (H x W, mean 0, standard deviation 1) of a texture."""
    seed, *rest = key
    noise = generator(seed, "texture", *rest).standard_normal(shape, dtype=np.float32)
    shear = np.array([[1, 0, 0], [weave.tilt, 1, -weave.tilt * shape[1] / 2]], dtype=np.float32)
    field = blur(noise, weave.sigma)
    sheared = cv2.warpAffine(field, shear, shape[::-1], borderMode=cv2.BORDER_WRAP)
    return standardise(np.asarray(sheared, dtype=np.float32))


@lru_cache(maxsize=8)
def speckle_plane(key: tuple[int, ...], shape: tuple[int, int]) -> Array:
    """Return one plane of scatterers: 2 x H x W, real and imaginary component, unit variance."""
    seed, *rest = key
    return generator(seed, "speckle", *rest).standard_normal((2, *shape), dtype=np.float32)
