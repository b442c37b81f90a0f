"""Flips, rotation, zoom and shift in a single pass, and random grey levels, on uint8.

One affine map interpolates only once, and is faster than one transform after another. Packed frames
have another aspect ratio than the competition's, so a rotation of their pixels would shear the
anatomy. The map therefore rotates and zooms in the geometry of the competition's frames.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.data.orientations import orientations
from nerveseg.rle import IMAGE_SHAPE

_RANGE: Final = 1 << 64
"""Number of values of a digest of 8 bytes."""


class Strengths(NamedTuple):
    """Largest random changes of a frame; 0 leaves out the change.

    Attributes:
        rotation: the angle is uniform within +- this many degrees.
        scale: the zoom is log-uniform between 1 / (1 + scale) and 1 + scale.
        shift: the frame moves by up to this fraction of its height and of its width, uniformly.
        intensity: contrast and gamma are log-uniform between 1 / (1 + intensity) and
            1 + intensity; the brightness changes uniformly by up to intensity / 2 of the range.
    """

    rotation: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    intensity: float = 0.0


class Change(NamedTuple):
    """One random change of a frame.

    Attributes:
        source: 2 x 3 matrix from a pixel (x, y, 1) of the result to its source (x, y).
        levels: 256 uint8, the new value of each grey level; None leaves them as they are.
    """

    source: NDArray[np.float64]
    levels: NDArray[np.uint8] | None


class RandomWarp:
    """Random flips, rotation, zoom, shift and grey levels, a function of seed and key alone.

    Pixels from outside the frame are 0 in image and mask.

    Args:
        flips: keys of `nerveseg.data.orientations.FLIPS`, each applied with probability 1/2;
            diagonal is the transpose of the packed frame, for square frames only.
        strengths: of the other changes. Rotation and zoom keep circles of `native` frames round.
        size: (height, width) of the frames.
        seed: hashed together with every key.
        native: (height, width) of the frames before they were resized to `size`.
    """

    def __init__(
        self,
        flips: Sequence[str],
        strengths: Strengths,
        size: tuple[int, int],
        seed: int,
        native: tuple[int, int] = IMAGE_SHAPE,
    ) -> None:
        self._sides = orientations(flips)
        self._strengths = strengths
        self._size = np.array(size[::-1])
        # How much longer the packed frame shows a native length along x than along y.
        self._stretch = (size[1] / native[1]) / (size[0] / native[0])
        self._seed = seed

    def change(self, key: tuple[int, ...]) -> Change:
        """Return the change that belongs to `key`."""
        side, *words = words_of(self._seed, key, 8)
        # Uniform in -1 .. 1, one number for each kind of change.
        turn, zoom, right, down, *grey = (2 * word / _RANGE - 1 for word in words)
        linear = self._turned(turn, zoom) @ self._sides[side % len(self._sides)]
        centre = (self._size - 1) / 2
        shift = self._strengths.shift * self._size * (right, down)
        source = np.empty((2, 3))
        source[:, :2] = linear
        source[:, 2] = centre - linear @ (centre + shift)
        return Change(source, self._levels(*grey))

    def _turned(self, turn: float, zoom: float) -> NDArray[np.float64]:
        """Return the rotation and zoom in packed pixels, from the result to its source."""
        angle = math.radians(self._strengths.rotation * turn)
        factor = (1 + self._strengths.scale) ** -zoom
        cosine, sine = factor * math.cos(angle), factor * math.sin(angle)
        return np.array([[cosine, sine * self._stretch], [-sine / self._stretch, cosine]])

    def _levels(self, contrast: float, light: float, gamma: float) -> NDArray[np.uint8] | None:
        strength = self._strengths.intensity
        if not strength:
            return None
        grey = np.linspace(0, 1, 256) ** ((1 + strength) ** gamma)
        changed = (grey - 0.5) * (1 + strength) ** contrast + 0.5 + light * strength / 2
        return np.asarray(np.rint(255 * changed.clip(0, 1)), np.uint8)

    def __call__(
        self, image: NDArray[np.uint8], mask: NDArray[np.uint8], key: tuple[int, ...]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return `image` changed with bilinear, and `mask` with nearest-neighbour interpolation."""
        source, levels = self.change(key)
        # Grey levels first, so that pixels from outside the frame stay 0.
        changed = image if levels is None else np.asarray(cv2.LUT(image, levels), np.uint8)
        warped = _warped(changed, source, cv2.INTER_LINEAR)
        # An empty mask stays empty. More than half of all masks are empty.
        return warped, _warped(mask, source, cv2.INTER_NEAREST) if mask.any() else mask


def digest_of(seed: int, key: tuple[int, ...]) -> int:
    """Return a hash of `seed` and `key`, uniform in 0 .. 2^64 - 1, the same in every process.

    It is as random as a generator seeded with both, and faster.
    """
    return words_of(seed, key, 1)[0]


def words_of(seed: int, key: tuple[int, ...], count: int) -> list[int]:
    """Return `count` independent hashes, at most 8, as `digest_of` returns one."""
    text = repr((seed, *map(int, key)))
    digest = blake2b(text.encode(), digest_size=8 * count).digest()
    return [int.from_bytes(digest[start : start + 8]) for start in range(0, 8 * count, 8)]


def _warped(
    frame: NDArray[np.uint8], source: NDArray[np.float64], interpolation: int
) -> NDArray[np.uint8]:
    size = frame.shape[::-1]
    warped = cv2.warpAffine(frame, source, size, flags=interpolation | cv2.WARP_INVERSE_MAP)
    return np.asarray(warped, np.uint8)
