"""What a prediction map says about whether there is a nerve, as a few numbers of one frame.

A nerve is a single oval of a typical size in a typical place. The features say how much of the map
is probable, how certain its most certain pixels are, whether masks at different thresholds agree,
and how far the largest blob lies from the nerves of the training masks in place and shape.
"""

from collections.abc import Iterable
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from nerveseg.maps import LEVELS, code_of, logits_of

AREAS: Final = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Probabilities whose areas are features."""
OUTLINE: Final = 0.5
"""The probability at which the largest blob is taken."""
CERTAIN_PIXELS: Final = 2000
"""The mean logit is over so many of the highest pixels: fewer than the smallest nerve has."""
FAR: Final = 10.0
"""The distance of a blob from the training nerves is at most this, and this without a blob."""
FEATURES: Final = (
    *(f"log_area_{probability}" for probability in AREAS),
    "highest_logit",
    "certain_logit",
    "agreement",
    "blob_share",
    "distance",
)
"""Names of the features, in order; docs/decision.md defines them."""

_LOGITS: Final = logits_of(np.arange(LEVELS, dtype=np.uint8)).astype(np.float64)
_PLACE: Final = 5
# Added to the variances of place and shape: a pixel, and one percent.
_LEAST_VARIANCE: Final = np.array([1.0, 1.0, 1e-4, 1e-4, 1e-4])


class NervePlace(BaseModel):
    """Mean and precision of place and shape over nerves, as `place` returns them.

    Attributes:
        mean: 5 numbers.
        precision: the inverse of their covariance, 5 x 5; zeros if it is not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: list[float]
    precision: list[list[float]]

    def distance(self, blob: NDArray[np.float64]) -> float:
        """Return the Mahalanobis distance of what `place` returns, at most `FAR`."""
        if np.isnan(blob).any():
            return FAR
        away = blob - np.array(self.mean)
        return min(float(np.sqrt(away @ np.array(self.precision) @ away)), FAR)


def place(mask: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return row and column of the centroid, and the logs of height, width and area; pixels.

    Args:
        mask: H x W uint8 {0, 1}.

    Returns:
        5 numbers; NaN if the mask is empty.
    """
    if not mask.any():
        return np.full(_PLACE, np.nan)
    _, _, wide, tall = cv2.boundingRect(mask)
    moments = cv2.moments(mask, binaryImage=True)
    area = moments["m00"]
    centre = moments["m01"] / area, moments["m10"] / area
    return np.array([*centre, *np.log([tall, wide, area])])


def place_of_nerves(masks: Iterable[NDArray[np.uint8]]) -> NervePlace:
    """Return how place and shape vary over the masks that are not empty, each H x W uint8 {0, 1}.

    With fewer than two of them nothing is known, and every distance is 0.
    """
    return nerve_place(np.array([place(mask) for mask in masks]).reshape(-1, _PLACE))


def nerve_place(places: NDArray[np.float64]) -> NervePlace:
    """Return the same as `place_of_nerves` for what `place` returned for the masks, N x 5."""
    rows = places[~np.isnan(places).any(axis=1)]
    if len(rows) < 2:  # noqa: PLR2004
        return NervePlace(mean=[0.0] * _PLACE, precision=np.zeros((_PLACE, _PLACE)).tolist())
    covariance = np.cov(rows, rowvar=False) + np.diag(_LEAST_VARIANCE)
    return NervePlace(mean=rows.mean(axis=0).tolist(), precision=np.linalg.inv(covariance).tolist())


def features(codes: NDArray[np.uint8], nerves: NervePlace) -> NDArray[np.float64]:
    """Return the values of `FEATURES` for one map, float64.

    Args:
        codes: the map, H x W uint8, as in `nerveseg.maps`.
        nerves: place and shape of the training nerves.
    """
    values, blob = describe(codes)
    return np.append(values, nerves.distance(blob))


def describe(codes: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what the features of one map are computed from.

    Args:
        codes: the map, H x W uint8, as in `nerveseg.maps`.

    Returns:
        All features but the distance, and the `place` of the largest blob.
    """
    pixels = np.bincount(codes.reshape(-1), minlength=LEVELS)
    at_least = np.append(np.cumsum(pixels[::-1])[::-1], 0)
    areas = [int(at_least[code_of(probability)]) for probability in AREAS]
    blob = largest_blob(codes >= code_of(OUTLINE))
    outlined = areas[AREAS.index(OUTLINE)]
    values = [
        *np.log1p(areas),
        _LOGITS[int(codes.max())],
        _certain_logit(pixels),
        2 * areas[3] / (areas[1] + areas[3]) if areas[1] else 0.0,
        int(blob.sum()) / outlined if outlined else 0.0,
    ]
    return np.array(values), place(blob)


def largest_blob(mask: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the largest 8-connected blob of `mask`, H x W uint8 {0, 1}; empty if there is none."""
    inside = np.ascontiguousarray(mask).view(np.uint8)
    _, labels = cv2.connectedComponents(inside, connectivity=8)
    areas = np.bincount(np.asarray(labels).reshape(-1))
    areas[0] = 0  # the background
    found = np.asarray(labels == int(areas.argmax()), dtype=np.uint8)
    return found if areas.any() else np.zeros_like(inside)


def _certain_logit(pixels: NDArray[np.int64]) -> float:
    """Return the mean logit of the highest `CERTAIN_PIXELS`, from the histogram of the codes."""
    reached = np.minimum(np.cumsum(pixels[::-1]), CERTAIN_PIXELS)
    return float(np.diff(reached, prepend=0) @ _LOGITS[::-1] / reached[-1])
