"""The paper's augmentation, on uint8: flips along both axes and the diagonal, and a rotation.

All of them are linear maps about the frame's middle. Their product moves a frame in one pass:
one interpolation, and less time than one transform after another.
"""

import math
import os
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.errors import InputError

# It asks a server for its newest version on import, unless told not to.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
import albumentations
from albumentations.core.type_definitions import Targets

# What each flip does to (x, y), measured from the middle.
FLIPS: Final = {
    "horizontal": np.array([[-1.0, 0.0], [0.0, 1.0]]),
    "vertical": np.array([[1.0, 0.0], [0.0, -1.0]]),
    "diagonal": np.array([[0.0, 1.0], [1.0, 0.0]]),
}
# Values that a digest of 8 bytes can take.
_HASHES: Final = 1 << 64


class FlipsAndRotation(albumentations.DualTransform):  # type: ignore[misc]
    """Random flips (each with probability 1/2) and a rotation, a function of the key alone.

    Args:
        flips: names out of `FLIPS`; diagonal is the transpose, for square frames.
        rotation: the angle is uniform within +- this many degrees; what comes in from outside
            the frame is black and no nerve.
        size: (height, width) of the frames.
        seed: the first part of every key.
    """

    _targets = (Targets.IMAGE, Targets.MASK)

    def __init__(
        self, flips: Sequence[str], rotation: float, size: tuple[int, int], seed: int
    ) -> None:
        super().__init__(p=1.0)
        self._sides = [np.eye(2)]
        for name in flips:
            self._sides += [FLIPS[name] @ side for side in self._sides]
        self._rotation = np.radians(rotation)
        self._middle = np.array([size[1] - 1, size[0] - 1]) / 2
        self._seed = seed

    def source(self, key: tuple[int, ...]) -> NDArray[np.float64]:
        """Return the 2 x 3 map from a changed frame's pixel (x, y, 1) to where it comes from."""
        # A hash of the key is as random as a generator seeded with it, and sooner there.
        digest = blake2b(repr((self._seed, *map(int, key))).encode(), digest_size=8).digest()
        chance, side = divmod(int.from_bytes(digest), len(self._sides))
        angle = self._rotation * (2 * chance * len(self._sides) / _HASHES - 1)
        cosine, sine = math.cos(angle), math.sin(angle)
        source = np.empty((2, 3))
        source[:, :2] = self._sides[side] @ np.array([[cosine, sine], [-sine, cosine]])
        source[:, 2] = self._middle - source[:, :2] @ self._middle
        return source

    @property
    def targets_as_params(self) -> list[str]:
        """What albumentations is to hand on beside image and mask."""
        return ["key"]

    def get_params_dependent_on_data(
        self, params: dict[str, Any], data: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the parameters of `apply`."""
        return {"source": self.source(data["key"])}

    def apply(
        self, img: NDArray[np.uint8], source: NDArray[np.float64], **_: object
    ) -> NDArray[np.uint8]:
        """Return the image, H x W uint8, between its pixels interpolated."""
        return _moved(img, source, cv2.INTER_LINEAR)

    def apply_to_mask(
        self, mask: NDArray[np.uint8], source: NDArray[np.float64], **_: object
    ) -> NDArray[np.uint8]:
        """Return the mask, H x W uint8, every pixel the nearest one's."""
        return _moved(mask, source, cv2.INTER_NEAREST)


class Augmentation:
    """What is done to a training frame, a function of the key alone.

    Args:
        flips: see `FlipsAndRotation`, like the other three.
        rotation: see there.
        size: see there.
        seed: see there.

    Raises:
        InputError: a diagonal flip of frames that are not square.
    """

    def __init__(
        self, flips: Sequence[str], rotation: float, size: tuple[int, int], seed: int
    ) -> None:
        if "diagonal" in flips and size[0] != size[1]:
            raise InputError(
                f"train.flips: a diagonal flip needs square frames, pack.shape is {list(size)}; "
                "leave out diagonal or pack square frames"
            )
        # The packed frames are checked already.
        self._transform = albumentations.Compose(
            [FlipsAndRotation(flips, rotation, size, seed)], is_check_shapes=False
        )

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
        if not mask.any():
            # Wherever it is moved, nothing stays nothing: more than half of all frames are cheaper.
            return self._transform(image=image, key=key)["image"], mask
        changed = self._transform(image=image, mask=mask, key=key)
        return changed["image"], changed["mask"]


def _moved(
    frame: NDArray[np.uint8], source: NDArray[np.float64], interpolation: int
) -> NDArray[np.uint8]:
    size = frame.shape[::-1]
    moved = cv2.warpAffine(frame, source, size, flags=interpolation | cv2.WARP_INVERSE_MAP)
    return np.asarray(moved, np.uint8)
