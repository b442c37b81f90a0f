"""Distances between the outlines of two masks, in pixels.

The outline of a mask consists of its pixels with a 4-neighbour outside it; pixels at the border
of the image belong to it. Distances are Euclidean, between the centre of an outline pixel of one
mask and the nearest outline pixel of the other. If both masks are empty they agree, and every
distance is 0. If only one mask is empty, the distance is undefined (NaN): a mean over images
leaves these out and should be given together with their number.
"""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Boundary(NamedTuple):
    """Two distances between the outlines of two masks, in pixels.

    Attributes:
        hausdorff95: see `hausdorff95`.
        mean: see `mean_surface_distance`.
    """

    hausdorff95: float
    mean: float


def boundary(prediction: NDArray[Any], truth: NDArray[Any]) -> Boundary:
    """Return both distances in one pass.

    Args:
        prediction: H x W, uint8 {0, 1} or bool.
        truth: the same shape.

    Raises:
        ValueError: the shapes differ.
    """
    to_truth, to_prediction = distances(prediction, truth)
    if not to_truth.size and not to_prediction.size:
        return Boundary(0.0, 0.0)
    if not to_truth.size or not to_prediction.size:
        return Boundary(float("nan"), float("nan"))
    return Boundary(
        float(max(np.percentile(to_truth, 95), np.percentile(to_prediction, 95))),
        float(np.concatenate([to_truth, to_prediction]).mean()),
    )


def hausdorff95(prediction: NDArray[Any], truth: NDArray[Any]) -> float:
    """Return the larger of the 95th percentiles of the two directions, as MONAI does."""
    return boundary(prediction, truth).hausdorff95


def mean_surface_distance(prediction: NDArray[Any], truth: NDArray[Any]) -> float:
    """Return the mean over the outline pixels of both masks, MONAI's symmetric mean."""
    return boundary(prediction, truth).mean


def distances(
    prediction: NDArray[Any], truth: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distances of the prediction's outline pixels to the truth, and the reverse.

    The array of an empty mask is empty, and the distances of the other mask to it are infinite.

    Raises:
        ValueError: the shapes differ.
    """
    if prediction.shape != truth.shape:
        raise ValueError(f"a prediction of {prediction.shape} for a truth of {truth.shape}")
    predicted = np.ascontiguousarray(prediction).view(np.uint8)
    true = np.ascontiguousarray(truth).view(np.uint8)
    left, top, wide, tall = cv2.boundingRect(cv2.bitwise_or(predicted, true))
    if not wide:
        return np.zeros(0), np.zeros(0)
    box = np.s_[top : top + tall, left : left + wide]
    outline, true_outline = _outline(predicted[box]), _outline(true[box])
    return _exact(_distance_to(true_outline)[outline]), _exact(_distance_to(outline)[true_outline])


def _exact(distance: NDArray[np.float32]) -> NDArray[np.float64]:
    """Round the distances to the nearest square root of an integer, which they all are.

    The last bit of cv2's distances depends on the alignment of its buffer in memory. Without
    rounding, the mean for the same masks could differ between executions.
    """
    return np.sqrt(np.rint(np.square(distance, dtype=np.float64)))


def _outline(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    inner = cv2.erode(mask, _CROSS, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(mask > inner)


def _distance_to(outline: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the distance of every pixel to `outline`; infinite if there is no outline."""
    if not outline.any():
        return np.full(outline.shape, np.inf, dtype=np.float32)
    away = (~outline).view(np.uint8)
    # cv2's other mask sizes are approximations that are off by up to 2%.
    return np.asarray(cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE))
