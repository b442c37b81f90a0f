"""The paper's augmentation, on uint8: flips along both axes and the diagonal, and a rotation."""

import os
import random
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.errors import InputError

# It asks a server for its newest version on import, unless told not to.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
import albumentations

FLIPS: Final = {
    "horizontal": albumentations.HorizontalFlip,
    "vertical": albumentations.VerticalFlip,
    "diagonal": albumentations.Transpose,
}


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
        transforms = [FLIPS[name](p=0.5) for name in flips]
        if rotation:
            # A constant border is the fast one on uint8, by far.
            transforms.append(
                albumentations.Rotate(
                    limit=(-rotation, rotation),
                    border_mode=cv2.BORDER_CONSTANT,
                    fill=0,
                    fill_mask=0,
                    p=1.0,
                )
            )
        # The packed frames are checked already.
        self._transform = albumentations.Compose(transforms, is_check_shapes=False)
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
        rng = np.random.default_rng((self._seed, *key))
        self._transform.set_random_state(rng, random.Random(int(rng.integers(2**62))))
        if not mask.any():
            # Wherever it is moved, nothing stays nothing: more than half of all frames are cheaper.
            return self._transform(image=image)["image"], mask
        changed = self._transform(image=image, mask=mask)
        return changed["image"], changed["mask"]
