"""Augmentation on uint8: the random warp of `RandomWarp`, then the transforms of params.yaml."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nerveseg.data.random_warp import RandomWarp, Strengths, digest_of
from nerveseg.errors import InputError

if TYPE_CHECKING:
    from nerveseg.data.listed_transforms import Entry


class Augmentation:
    """The augmentation of training frames, a function of seed and key alone.

    Args:
        flips: see `RandomWarp`.
        strengths: see `Strengths`.
        size: (height, width) of the frames.
        seed: hashed together with every key.
        transforms: applied after all other changes, see `ListedTransforms`.

    Raises:
        InputError: a diagonal flip of frames that are not square, or an entry of `transforms`
            that `ListedTransforms` refuses.
    """

    def __init__(
        self,
        flips: Sequence[str],
        strengths: Strengths,
        size: tuple[int, int],
        seed: int,
        transforms: Sequence["Entry"] = (),
    ) -> None:
        if "diagonal" in flips and size[0] != size[1]:
            raise InputError(
                f"train.flips: a diagonal flip needs square frames, pack.shape is {list(size)}; "
                "leave out diagonal or pack square frames"
            )
        self._seed = seed
        self._warp = RandomWarp(flips, strengths, size, seed)
        self._listed = None
        if transforms:
            # Importing albumentations takes as long as importing torch.
            from nerveseg.data.listed_transforms import ListedTransforms

            self._listed = ListedTransforms(transforms, size)

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
        image, mask = self._warp(image, mask, key)
        if self._listed is None:
            return image, mask
        return self._listed(image, mask, digest_of(self._seed, key))
