"""Distances between the outlines of two masks, in pixels.

The outline of a mask is its pixels with a neighbour above, below, left or right outside it; a
pixel at the border of the image is on the outline. Each outline pixel of one mask has a distance
to the nearest outline pixel of the other (Euclidean, between centres). Two empty masks agree:
every distance is 0. One empty mask is at no distance from the other: NaN, so that a mean over
images is `numpy.nanmean`, to be given together with the number of images it leaves out.
"""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Boundary(NamedTuple):
    """How far two outlines are apart, in pixels.

    Attributes:
        hausdorff95: as `hausdorff95`.
        mean: as `mean_surface_distance`.
    """

    hausdorff95: float
    mean: float


def boundary(prediction: NDArray[Any], truth: NDArray[Any]) -> Boundary:
    """Return both distances at the price of one.

    Args:
        prediction: H x W, uint8 {0, 1} or bool.
        truth: the same shape.
    """
    there, back = distances(prediction, truth)
    if not there.size and not back.size:
        return Boundary(0.0, 0.0)
    if not there.size or not back.size:
        return Boundary(float("nan"), float("nan"))
    return Boundary(
        float(max(np.percentile(there, 95), np.percentile(back, 95))),
        float(np.concatenate([there, back]).mean()),
    )


def hausdorff95(prediction: NDArray[Any], truth: NDArray[Any]) -> float:
    """Return the larger of the two directions' 95th percentiles, as MONAI does."""
    return boundary(prediction, truth).hausdorff95


def mean_surface_distance(prediction: NDArray[Any], truth: NDArray[Any]) -> float:
    """Return the mean over the outline pixels of both masks, as MONAI's symmetric mean."""
    return boundary(prediction, truth).mean


def distances(
    prediction: NDArray[Any], truth: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distances of the prediction's outline pixels to the truth's, and back.

    An empty mask has no outline pixels, and they are none to measure to: its own array is
    empty, and the other's infinite.
    """
    if prediction.shape != truth.shape:
        raise ValueError(f"a prediction of {prediction.shape} for a truth of {truth.shape}")
    guess = np.ascontiguousarray(prediction).view(np.uint8)
    right = np.ascontiguousarray(truth).view(np.uint8)
    left, top, wide, tall = cv2.boundingRect(cv2.bitwise_or(guess, right))
    if not wide:
        nothing = np.zeros(0)
        return nothing, nothing
    box = np.s_[top : top + tall, left : left + wide]
    guessed, wanted = _outline(guess[box]), _outline(right[box])
    return _exact(_distance_to(wanted)[guessed]), _exact(_distance_to(guessed)[wanted])


def _exact(distance: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the distances as square roots of whole numbers, which they are.

    cv2's last bit depends on where its buffer happens to lie in memory: the same masks would
    give one of two means.
    """
    return np.sqrt(np.rint(np.square(distance, dtype=np.float64)))


def _outline(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    inner = cv2.erode(mask, _CROSS, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(mask > inner)


def _distance_to(outline: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the distance of every pixel to `outline`, exact; infinite where there is none."""
    if not outline.any():
        return np.full(outline.shape, np.inf, dtype=np.float32)
    away = (~outline).view(np.uint8)
    # The other mask sizes of cv2 are approximations, off by up to 2%.
    return np.asarray(cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE))
