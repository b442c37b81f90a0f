"""OpenCV's ways to resize, as matrices: any engine can multiply, but few resize as OpenCV does.

Resizing along one side is linear, so an image X of height H and width W becomes A X B^T, with one
row of A for each new row and one row of B for each new column.
"""

import numpy as np
from numpy.typing import NDArray


def area_matrices(
    before: tuple[int, int], after: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what `cv2.INTER_AREA` does to images: A, H' x H, and B, W' x W, float32.

    Each new pixel is the mean of the old ones that it covers, in part or whole. If either side
    grows, OpenCV interpolates along both instead, between the two nearest pixels, in proportion to
    the share of the new pixel that lies in each.

    Args:
        before: height H and width W, at least 1.
        after: height H' and width W' wanted, at least 1.
    """
    grows = any(new > old for old, new in zip(before, after, strict=True))
    along = _shares if grows else _means
    return along(before[0], after[0]), along(before[1], after[1])


def linear_matrix(before: int, after: int) -> NDArray[np.float32]:
    """Return what `cv2.INTER_LINEAR` does along a side: `after` x `before` float32, rows sum to 1.

    The centres of the pixels are at i + 1/2; beyond the outermost centres the border continues.

    Args:
        before: pixels along the side, at least 1.
        after: pixels wanted, at least 1.
    """
    centre = (np.arange(after) + 0.5) * (before / after) - 0.5
    return _between(np.clip(centre, 0, before - 1), before)


def _means(before: int, after: int) -> NDArray[np.float32]:
    edges = np.arange(after + 1) * (before / after)
    low, high = edges[:-1, np.newaxis], edges[1:, np.newaxis]
    pixel = np.arange(before)
    covered = np.clip(np.minimum(high, pixel + 1) - np.maximum(low, pixel), 0, None)
    return np.asarray(covered / covered.sum(axis=1, keepdims=True), np.float32)


def _shares(before: int, after: int) -> NDArray[np.float32]:
    growth = after / before
    # 1 / growth, as OpenCV computes it: before / after may round to the other side of an integer.
    first = np.floor(np.arange(after) * (1 / growth))
    # How far the new pixel reaches into the next old one, as a share of its own length.
    # In float32, like OpenCV: a share that rounds to 1 counts as 0.
    share = np.asarray((np.arange(after) + 1) - (first + 1) * growth, np.float32)
    share = np.where(share <= 0, 0, share - np.floor(share))
    return _between(np.clip(first + share, 0, before - 1), before)


def _between(place: NDArray[np.float64], before: int) -> NDArray[np.float32]:
    """Return the weights of the two pixels around each place, given in pixels from the first."""
    first = np.floor(place).astype(np.int64)
    matrix = np.zeros((len(place), before), np.float32)
    rows = np.arange(len(place))
    matrix[rows, first] = 1 - (place - first)
    matrix[rows, np.minimum(first + 1, before - 1)] += place - first
    return matrix
