"""A prior of shape: an outline is replaced by the nearest one that the training masks make likely.

A statistical model of shapes, an idea of Cootes, Taylor, Cooper and Graham (*Computer Vision and
Image Understanding* 61, 1995), here of signed distances as by Leventon, Grimson and Faugeras (CVPR
2000). Masks are aligned by their centroids and the square roots of their areas, and a mask becomes
a vector v: its signed distances, positive inside, at the points of a small grid. With the mean m,
the principal components P (rows) and the standard deviations d of the training masks' vectors,

    v' = m + P^T b + T^T c,   -3 d <= b <= 3 d

and the mask of v' takes the place of that of v. The rows of T move and enlarge m: a spike shifts
the centroid of its mask and a notch lessens its area, so alignment by them alone is biased. b and c
minimise |v - v'|, by least squares that are reweighted by 1 / |v - v'|, because an error is large
in few places. `nerveseg.decision.fit_shapes` fits m, P and d.
"""

import base64
import binascii
import math
from functools import cached_property
from typing import Any, Final, NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from nerveseg.inference.map_features import largest_blob

SIDE: Final = 32
"""Points of the grid in each direction."""
REACH: Final = 1.5
"""The grid reaches this far from the centroid, in square roots of the area: an ellipse seven times
as long as wide fits into it."""
BAND: Final = 0.3
"""Distances are clipped to this, in square roots of the area: what counts is the outline."""
MOST_DEVIATIONS: Final = 3.0
"""Coefficients are clipped to so many standard deviations."""
_ROUNDS: Final = 8
# Least |v - v'| in the weights, and what is added to the diagonal of the normal equations.
_LEAST: Final = 0.01
_RIDGE: Final = 1e-6
_SPACING: Final = 2 * REACH / SIDE
_VALUE: Final = np.dtype("<f4")


class Pose(NamedTuple):
    """Where a mask lies and how large it is.

    Attributes:
        row: of the centroid, in pixels.
        column: likewise.
        scale: square root of the area, in pixels.
    """

    row: float
    column: float
    scale: float


class ShapePrior(BaseModel):
    """The mean and K principal components of the training masks' shapes.

    Attributes:
        deviations: K standard deviations, d above, in square roots of the area.
        values: m and the K rows of P, SIDE x SIDE float32 each, little-endian, in base64: as plain
            numbers they would fill most of a decision's file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    deviations: list[float]
    values: str

    @classmethod
    def of(
        cls,
        mean: NDArray[np.float64],
        components: NDArray[np.float64],
        deviations: NDArray[np.float64],
    ) -> Self:
        """Return the prior with m, P and d, of SIDE * SIDE, K x SIDE * SIDE and K numbers."""
        rows = np.vstack([mean[None], components]).astype(_VALUE)
        return cls(
            deviations=deviations.tolist(), values=base64.b64encode(rows.tobytes()).decode("ascii")
        )

    @model_validator(mode="after")
    def _values_are_those_of_k_components(self) -> Self:
        try:
            size = len(base64.b64decode(self.values, validate=True))
        except binascii.Error as error:
            raise ValueError(f"values are not in base64 ({error})") from error
        if size != (1 + len(self.deviations)) * SIDE * SIDE * _VALUE.itemsize:
            raise ValueError(f"values have {size} bytes for {len(self.deviations)} components")
        if not np.isfinite(self.rows).all():
            raise ValueError("values are not finite")
        return self

    @cached_property
    def rows(self) -> NDArray[np.float32]:
        """The mean m and then P, (1 + K) x SIDE * SIDE float32."""
        values = np.frombuffer(base64.b64decode(self.values), dtype=_VALUE)
        return values.reshape(-1, SIDE * SIDE)

    @cached_property
    def directions(self) -> NDArray[np.float64]:
        """P and then T, (K + 3) x SIDE * SIDE float64."""
        rows = self.rows.astype(np.float64)
        by_row, by_column = np.gradient(rows[0].reshape(SIDE, SIDE), _SPACING)
        place = (np.arange(SIDE) + 0.5) * _SPACING - REACH
        larger = place[:, None] * by_row + place * by_column
        return np.vstack([rows[1:], np.stack([by_row, by_column, larger]).reshape(3, -1)])

    def nearest(self, distances: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return v' for v, both SIDE * SIDE float32."""
        known, most = len(self.deviations), MOST_DEVIATIONS * np.array(self.deviations)
        wanted = distances - self.rows[0].astype(np.float64)
        found, weights = np.zeros_like(wanted), np.ones_like(wanted)
        for _ in range(_ROUNDS):
            weighted = self.directions * weights
            normal = weighted @ self.directions.T + _RIDGE * np.eye(len(weighted))
            coefficients = np.linalg.solve(normal, weighted @ wanted)
            coefficients[:known] = np.clip(coefficients[:known], -most, most)
            found = coefficients @ self.directions
            weights = 1 / np.maximum(np.abs(wanted - found), _LEAST)
        return np.asarray(self.rows[0] + found, dtype=np.float32)

    def reshaped(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the likely outline nearest to that of the largest blob, at the blob's place.

        An empty mask stays empty, and no other mask becomes empty: whether there is a nerve has
        been decided before.

        Args:
            mask: H x W uint8 {0, 1}, and so is what is returned.
        """
        if not mask.any():
            return mask
        pose, distances = aligned(_filled(largest_blob(mask.astype(np.bool_))))
        found = drawn(self.nearest(distances), pose, mask.shape)
        return found if found.any() else mask


def aligned(mask: NDArray[np.uint8]) -> tuple[Pose, NDArray[np.float32]]:
    """Return the pose of a mask and v, its signed distances on the grid, SIDE * SIDE float32.

    Args:
        mask: H x W uint8 {0, 1}, not empty. Beyond the frame's border is outside.
    """
    moments = cv2.moments(mask, binaryImage=True)
    area = moments["m00"]
    pose = Pose(moments["m01"] / area, moments["m10"] / area, math.sqrt(area))
    # The window of the grid, with a margin, cut out of the frame and beyond its border.
    half = math.ceil(REACH * pose.scale) + 2
    top, left = math.floor(pose.row) - half, math.floor(pose.column) - half
    moved = np.array([[1, 0, -left], [0, 1, -top]], dtype=np.float64)
    window = cv2.warpAffine(mask, moved, (2 * half + 2,) * 2, flags=cv2.INTER_NEAREST)
    step, first = _SPACING * pose.scale, (_SPACING / 2 - REACH) * pose.scale
    grid = np.array(
        [[step, 0, pose.column - left + first], [0, step, pose.row - top + first]], dtype=np.float64
    )
    sampled = cv2.warpAffine(
        _signed_distance(np.asarray(window, dtype=np.uint8)),
        grid,
        (SIDE, SIDE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    distances = np.asarray(sampled, dtype=np.float32) / np.float32(pose.scale)
    return pose, np.clip(distances, -BAND, BAND).reshape(-1)


def drawn(distances: NDArray[np.float32], pose: Pose, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the mask of v in a frame: where the distance, interpolated, is above 0.

    Args:
        distances: SIDE * SIDE float32.
        pose: where it is drawn.
        shape: height and width of the frame.
    """
    step = 1 / (_SPACING * pose.scale)
    first = REACH / _SPACING - 0.5
    frame = np.array(
        [[step, 0, first - pose.column * step], [0, step, first - pose.row * step]],
        dtype=np.float64,
    )
    found: Any = cv2.warpAffine(
        distances.reshape(SIDE, SIDE),
        frame,
        (shape[1], shape[0]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=-1.0,
    )
    return np.asarray(found > 0).astype(np.uint8)


def _filled(blob: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return one blob without its holes."""
    outlines, _ = cv2.findContours(blob, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros_like(blob), outlines, -1, 1, cv2.FILLED))


def _signed_distance(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the distance of each pixel's centre from the outline, in pixels, positive inside."""
    inside, outside = (
        np.asarray(cv2.distanceTransform(each, cv2.DIST_L2, cv2.DIST_MASK_PRECISE))
        for each in (mask, 1 - mask)
    )
    # The outline runs halfway between the centres of neighbouring pixels.
    return np.where(mask, inside - 0.5, 0.5 - outside).astype(np.float32)
