"""The paper's augmentation, on uint8: flips along both axes and the diagonal, and a rotation.

All of them are linear maps about the frame's middle. Their product moves a frame in one pass:
one interpolation, and at small sizes a fraction of the time of one library call after another.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.errors import InputError

# What each flip does to (x, y), measured from the middle.
FLIPS: Final = {
    "horizontal": np.array([[-1.0, 0.0], [0.0, 1.0]]),
    "vertical": np.array([[1.0, 0.0], [0.0, -1.0]]),
    "diagonal": np.array([[0.0, 1.0], [1.0, 0.0]]),
}
_HASHES: Final = 1 << 64


class Augmentation:
    """Random flips (each with probability 1/2) and a rotation, a function of the key alone.

    Args:
        flips: names out of `FLIPS`; diagonal is the transpose.
        rotation: the angle is uniform within +- this many degrees; what comes in from outside
            the frame is black and no nerve.
        size: (height, width) of the frames.
        seed: the first part of every key.

    Raises:
        InputError: a diagonal flip of frames that are not square.
    """

    def __init__(
        self, flips: Sequence[str], rotation: float, size: tuple[int, int], seed: int
    ) -> None:
        if "diagonal" in flips and size[0] != size[1]:
            raise InputError(
                f"train.flips: a diagonal flip needs square frames, pack.size is {list(size)}; "
                "leave out diagonal or pack square frames"
            )
        self._sides = [np.eye(2)]
        for name in flips:
            self._sides += [FLIPS[name] @ side for side in self._sides]
        self._rotation = np.radians(rotation)
        self._middle = np.array([size[1] - 1, size[0] - 1]) / 2
        self._seed = seed

    def __call__(
        self, image: NDArray[np.uint8], mask: NDArray[np.uint8], key: tuple[int, ...]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return `image` and `mask`, both H x W uint8, changed alike.

        Args:
            image: H x W uint8.
            mask: H x W uint8, {0, 1}.
            key: what besides the seed the change depends on, e.g. epoch and frame. Equal keys
                give equal results, in any process and after any history.
        """
        source = self.source(key)
        if not mask.any():
            # Wherever it is moved, nothing stays nothing: more than half of all frames are cheaper.
            return _moved(image, source, cv2.INTER_LINEAR), mask
        return _moved(image, source, cv2.INTER_LINEAR), _moved(mask, source, cv2.INTER_NEAREST)

    def source(self, key: tuple[int, ...]) -> NDArray[np.float64]:
        """Return the 2 x 3 map from a changed frame's pixel (x, y, 1) to where it comes from."""
        # A hash of the key is as random as a generator seeded with it, at a tenth of the time.
        digest = blake2b(repr((self._seed, *map(int, key))).encode(), digest_size=8).digest()
        chance, side = divmod(int.from_bytes(digest), len(self._sides))
        angle = self._rotation * (2 * chance * len(self._sides) / _HASHES - 1)
        cosine, sine = math.cos(angle), math.sin(angle)
        source = np.empty((2, 3))
        source[:, :2] = self._sides[side] @ np.array([[cosine, sine], [-sine, cosine]])
        source[:, 2] = self._middle - source[:, :2] @ self._middle
        return source


def _moved(
    frame: NDArray[np.uint8], source: NDArray[np.float64], interpolation: int
) -> NDArray[np.uint8]:
    size = frame.shape[::-1]
    moved = cv2.warpAffine(frame, source, size, flags=interpolation | cv2.WARP_INVERSE_MAP)
    return cast(NDArray[np.uint8], moved)
