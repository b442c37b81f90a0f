"""The albumentations transforms that `train.transforms` in params.yaml lists.

They are checked before training: a bad entry should not surface in a worker process, epochs later.
"""

import inspect
import os
import random
import warnings
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from nerveseg.errors import InputError, within

# Otherwise albumentations looks for a newer version of itself online when it is imported.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
import albumentations

Entry = Mapping[str, Mapping[str, object]]

_TRIALS: Final = 4


class ListedTransforms:
    """Transforms a frame and its mask by all entries of a list, in order.

    Args:
        entries: one mapping per transform: the name of its class in albumentations -> options.
        size: (height, width) of the frames.

    Raises:
        InputError: a transform or option is unknown, a value is impossible, or the transform does
            not return a uint8 frame of the same size and a mask in {0, 1}; the message names
            train.transforms.N.
    """

    def __init__(self, entries: Sequence[Entry], size: tuple[int, int]) -> None:
        self._compose = _compose(
            [_checked(entry, f"train.transforms.{n}", size) for n, entry in enumerate(entries)]
        )

    def __call__(
        self, image: NDArray[np.uint8], mask: NDArray[np.uint8], seed: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return `image` and `mask`, both H x W uint8, transformed alike.

        Args:
            image: H x W uint8.
            mask: H x W uint8, {0, 1}; may be read-only.
            seed: the only source of randomness.
        """
        return _applied(self._compose, image, mask, seed)


def _compose(transforms: list[albumentations.BasicTransform]) -> albumentations.Compose:
    return albumentations.Compose(transforms, is_check_shapes=False)


def _applied(
    compose: albumentations.Compose, image: NDArray[np.uint8], mask: NDArray[np.uint8], seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    # One pair of generators for the whole list: if each transform had its own, seeded alike, all of
    # them would make the same draws. A few transforms use OpenCV's global generator.
    compose.set_random_state(np.random.default_rng(seed), random.Random(seed))
    cv2.setRNGSeed(seed % (1 << 31))
    result = compose(image=image, mask=mask.copy())
    return result["image"], result["mask"]


def _checked(entry: Entry, key: str, size: tuple[int, int]) -> albumentations.BasicTransform:
    """Return the transform of one entry after trying it on a frame of `size`."""
    with within(key):
        if len(entry) != 1:
            raise InputError(f"names {len(entry)} transforms; write one transform per list entry")
        ((name, options),) = entry.items()
        kind = _class_of(name)
        with within(name), warnings.catch_warnings():
            # Albumentations ignores unknown options with no more than a warning.
            warnings.simplefilter("error", UserWarning)
            try:
                transform = kind(**options)
                always = kind(**{**options, "p": 1.0})
                _try_out(always, size)
            except InputError:
                raise
            except Exception as error:
                raise InputError(f"{_reason(error)}; correct the entry in params.yaml") from error
        return transform


def _class_of(name: str) -> type[albumentations.BasicTransform]:
    known = {
        each: kind
        for each, kind in vars(albumentations).items()
        if inspect.isclass(kind) and issubclass(kind, albumentations.BasicTransform)
    }
    if name not in known:
        similar = ", ".join(get_close_matches(name, known)) or "one from its documentation"
        raise InputError(
            f"albumentations {albumentations.__version__} has no transform '{name}'; use {similar}"
        )
    return known[name]


def _try_out(transform: albumentations.BasicTransform, size: tuple[int, int]) -> None:
    """Raise unless `transform` keeps sizes and types and depends on nothing but its seed."""
    image = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    mask = np.zeros(size, np.uint8)
    cv2.circle(mask, (size[1] // 2, size[0] // 2), min(size) // 4, 1, -1)
    compose = _compose([transform])
    for seed in range(_TRIALS):
        once, again = (_applied(compose, image.copy(), mask, seed) for _ in range(2))
        for name, array, other in zip(("image", "mask"), once, again, strict=True):
            if array.shape != size or array.dtype != np.uint8:
                raise InputError(
                    f"makes the {name} {array.dtype} of shape {array.shape}, expected uint8 of "
                    f"shape {size}; use a transform that keeps size and type"
                )
            if not np.array_equal(array, other):
                raise InputError(
                    "is random whatever the seed, so training could not resume; use another one"
                )
        if once[1].max() > 1:
            raise InputError("puts values other than 0 and 1 into the mask; set fill_mask to 0")


def _reason(error: Exception) -> str:
    """Return the first complaint of an error as one line."""
    if isinstance(error.__cause__, ValidationError):
        first = error.__cause__.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return " ".join(str(error).split())
