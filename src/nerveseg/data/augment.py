"""Augmentation on uint8: the paper's flips and rotation, then the transforms of params.yaml.

The flips (along both axes and the diagonal) and the rotation are linear maps about the centre.
Their product is applied in a single pass: that interpolates only once, and is faster than applying
one transform after another.
"""

import math
import os
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.data.listed_transforms import Entry, ListedTransforms
from nerveseg.errors import InputError

# Otherwise albumentations looks for a newer version of itself online when it is imported.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
import albumentations
from albumentations.core.type_definitions import Targets

# The effect of each flip on (x, y), measured from the centre of the frame.
FLIPS: Final = {
    "horizontal": np.array([[-1.0, 0.0], [0.0, 1.0]]),
    "vertical": np.array([[1.0, 0.0], [0.0, -1.0]]),
    "diagonal": np.array([[0.0, 1.0], [1.0, 0.0]]),
}
_DIGESTS: Final = 1 << 64
"""Number of values of a digest of 8 bytes."""


def digest_of(seed: int, key: tuple[int, ...]) -> int:
    """Return a hash of `seed` and `key`, uniform in 0 .. 2^64 - 1, the same in every process.

    It is as random as a generator seeded with both, and faster.
    """
    text = repr((seed, *map(int, key)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


class FlipsAndRotation(albumentations.DualTransform):  # type: ignore[misc]
    """Random flips (each with probability 1/2) and a rotation, a function of seed and key alone.

    Args:
        flips: keys of `FLIPS`; diagonal is the transpose, for square frames only.
        rotation: the angle is uniform within +- this many degrees; pixels from outside the frame
            are 0 in image and mask.
        size: (height, width) of the frames.
        seed: hashed together with every key.
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
        self._centre = np.array([size[1] - 1, size[0] - 1]) / 2
        self._seed = seed

    def source(self, key: tuple[int, ...]) -> NDArray[np.float64]:
        """Return the 2 x 3 matrix from a pixel (x, y, 1) of the result to its source (x, y)."""
        chance, side = divmod(digest_of(self._seed, key), len(self._sides))
        angle = self._rotation * (2 * chance * len(self._sides) / _DIGESTS - 1)
        cosine, sine = math.cos(angle), math.sin(angle)
        source = np.empty((2, 3))
        source[:, :2] = self._sides[side] @ np.array([[cosine, sine], [-sine, cosine]])
        source[:, 2] = self._centre - source[:, :2] @ self._centre
        return source

    @property
    def targets_as_params(self) -> list[str]:
        """Names of the arguments that albumentations passes on besides image and mask."""
        return ["key"]

    def get_params_dependent_on_data(
        self, params: dict[str, Any], data: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the parameters of `apply`."""
        return {"source": self.source(data["key"])}

    def apply(
        self, img: NDArray[np.uint8], source: NDArray[np.float64], **_: object
    ) -> NDArray[np.uint8]:
        """Return the moved image, H x W uint8, bilinearly interpolated."""
        return _warped(img, source, cv2.INTER_LINEAR)

    def apply_to_mask(
        self, mask: NDArray[np.uint8], source: NDArray[np.float64], **_: object
    ) -> NDArray[np.uint8]:
        """Return the moved mask, H x W uint8, by nearest neighbour."""
        return _warped(mask, source, cv2.INTER_NEAREST)


class Augmentation:
    """The augmentation of training frames, a function of seed and key alone.

    Args:
        flips: see `FlipsAndRotation`.
        rotation: see `FlipsAndRotation`.
        size: (height, width) of the frames.
        seed: hashed together with every key.
        transforms: applied after flips and rotation, see `ListedTransforms`.

    Raises:
        InputError: a diagonal flip of frames that are not square, or an entry of `transforms`
            that `ListedTransforms` refuses.
    """

    def __init__(
        self,
        flips: Sequence[str],
        rotation: float,
        size: tuple[int, int],
        seed: int,
        transforms: Sequence[Entry] = (),
    ) -> None:
        if "diagonal" in flips and size[0] != size[1]:
            raise InputError(
                f"train.flips: a diagonal flip needs square frames, pack.shape is {list(size)}; "
                "leave out diagonal or pack square frames"
            )
        self._seed = seed
        # Image and mask have the same shape: Packed has checked it.
        self._flips_and_rotation = albumentations.Compose(
            [FlipsAndRotation(flips, rotation, size, seed)], is_check_shapes=False
        )
        self._listed = ListedTransforms(transforms, size) if transforms else None

    def __call__(
        self, image: NDArray[np.uint8], mask: NDArray[np.uint8], key: tuple[int, ...]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return `image` and `mask`, both H x W uint8, transformed alike.

        Args:
            image: H x W uint8.
            mask: H x W uint8, {0, 1}.
            key: identifies the draw, e.g. by epoch and frame. Equal keys give equal results, in
                any process and regardless of earlier calls.
        """
        image, mask = self._moved(image, mask, key)
        if self._listed is None:
            return image, mask
        return self._listed(image, mask, digest_of(self._seed, key))

    def _moved(
        self, image: NDArray[np.uint8], mask: NDArray[np.uint8], key: tuple[int, ...]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        if not mask.any():
            # An empty mask stays empty, so skip it. More than half of all masks are empty.
            return self._flips_and_rotation(image=image, key=key)["image"], mask
        moved = self._flips_and_rotation(image=image, mask=mask, key=key)
        return moved["image"], moved["mask"]


def _warped(
    frame: NDArray[np.uint8], source: NDArray[np.float64], interpolation: int
) -> NDArray[np.uint8]:
    size = frame.shape[::-1]
    warped = cv2.warpAffine(frame, source, size, flags=interpolation | cv2.WARP_INVERSE_MAP)
    return np.asarray(warped, np.uint8)
