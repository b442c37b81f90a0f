"""Finding the near-duplicates of each frame of a set: its neighbours in the sweep, by appearance.

Frames are compared by the descriptors of the audit (`nerveseg.data.audit.statistics`). The audit
subtracts the mean of a subject's frames from them. Here the mean of all frames of the set is
subtracted, because the subjects of test frames are unknown, and validation frames have to be
treated as test frames are.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.data.audit import statistics

MOST: Final = 4
"""The largest number of neighbours of a frame: about two on either side in its sweep."""
ROWS: Final = 512
"""Frames that are compared with all others at a time, so that memory does not grow as N^2."""
_EPSILON: Final = 1e-6


class Neighbour(NamedTuple):
    """A near-duplicate of a frame.

    Attributes:
        frame: its index in the set.
        share: its similarity, divided by the sum over the frame's neighbours; the shares of a
            frame's neighbours sum to 1.
    """

    frame: int
    share: float


def near_duplicates(
    images: Iterable[NDArray[np.uint8]],
    subjects: Sequence[int] | None,
    *,
    blocks: int,
    least_similarity: float,
    rows: int = ROWS,
) -> list[list[Neighbour]]:
    """Return the neighbours of each of N frames, none for a frame that resembles no other.

    Args:
        images: N frames, H x W uint8; they are read one at a time.
        subjects: N, the subject of each frame, of which alone its neighbours may be; None if the
            subjects are unknown, and any frame may be a neighbour.
        blocks: number of rows and of columns of the descriptors' grid.
        least_similarity: correlation of the descriptors below which frames are no neighbours.
        rows: frames that are compared at a time; the result does not depend on it.
    """
    described = np.stack([statistics(image, blocks) for image in images]).astype(np.float64)
    described -= described.mean(axis=0)
    described /= np.linalg.norm(described, axis=1, keepdims=True) + _EPSILON
    subject = np.zeros(len(described)) if subjects is None else np.array(subjects)
    found = []
    for start in range(0, len(described), rows):
        # Rounded, so that neither the number of rows nor the machine decides between equals.
        similarity = np.round(described[start : start + rows] @ described.T, 9)
        similarity[subject[start : start + rows, None] != subject] = -np.inf
        for row, values in enumerate(similarity):
            values[start + row] = -np.inf
            found.append(_nearest(values, least_similarity))
    return found


def _nearest(similarity: NDArray[np.float64], least: float) -> list[Neighbour]:
    """Return the neighbours among N frames, the most similar first."""
    order = np.argsort(-similarity, kind="stable")[:MOST]
    # Not even a bound below 0 makes an unlike frame a neighbour: its share would be negative.
    kept = [int(at) for at in order if similarity[at] >= least and similarity[at] > 0]
    total = float(similarity[kept].sum())
    return [Neighbour(at, float(similarity[at]) / total) for at in kept]
