"""Finding frames whose label contradicts the labels of their near-duplicates.

A subject's frames are a slow sweep, so a frame without an outline amid frames that look the
same and have one was most likely forgotten. Frames are compared by the means and standard
deviations of the blocks of a grid, which speckle leaves alone. On simulated sweeps of 48 to 60
frames that finds four in five such frames or more, and about nine in ten of its findings are
right; in sweeps as coarse as 16 frames neighbours differ too much, and it finds a quarter.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.data.contradictions import Contradiction
from nerveseg.data.layout import TrainRecord

_FEWEST: Final = 3
_TINY: Final = 1e-6


def contradictions(
    images: NDArray[np.uint8],
    records: Sequence[TrainRecord],
    blocks: int,
    reach: float,
    agreement: float,
) -> list[Contradiction]:
    """Return the frames that the frames most like them outvote, in the order of `records`.

    Args:
        images: N x H x W uint8, the packed training images.
        records: their rows.
        blocks: side of the grid.
        reach: how far a frame's say goes, in median distances from a frame to its nearest.
        agreement: the share of votes against a frame's label that makes it doubtful.
    """
    subjects = np.array([record.subject for record in records])
    return [
        finding
        for subject in np.unique(subjects)
        for finding in _of_subject(
            images, records, np.flatnonzero(subjects == subject), (blocks, reach, agreement)
        )
    ]


def _of_subject(
    images: NDArray[np.uint8],
    records: Sequence[TrainRecord],
    rows: NDArray[np.int64],
    settings: tuple[int, float, float],
) -> Iterator[Contradiction]:
    blocks, reach, agreement = settings
    outlined = np.array([records[row].pixels != "" for row in rows])
    # With one label throughout there is nothing to contradict.
    if rows.size < _FEWEST or outlined.all() or not outlined.any():
        return
    distance = distances(np.stack([statistics(images[row], blocks) for row in rows]))
    share = votes(distance, outlined, reach)
    for here in np.flatnonzero(np.where(outlined, 1 - share, share) >= agreement):
        there = int(np.where(outlined == outlined[here], np.inf, distance[here]).argmin())
        frame, neighbour = records[rows[here]], records[rows[there]]
        apart = float(distance[here, there])
        yield Contradiction(
            frame.subject, frame.img, neighbour.img, apart, labelled=int(outlined[here])
        )


def statistics(image: NDArray[np.uint8], blocks: int) -> NDArray[np.float32]:
    """Return means and standard deviations of the blocks of a grid over `image`, 2 x blocks^2."""
    values = image.astype(np.float32)
    mean = cv2.resize(values, (blocks, blocks), interpolation=cv2.INTER_AREA)
    square = cv2.resize(values * values, (blocks, blocks), interpolation=cv2.INTER_AREA)
    spread = np.sqrt(np.maximum(square - mean * mean, 0))
    return np.concatenate([mean.ravel(), spread.ravel()])


def distances(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 - correlation between all frames of a subject, F x F, in [0, 2].

    Args:
        features: F x D statistics; what all frames share is taken off first.
    """
    apart = features - features.mean(axis=0)
    apart /= np.linalg.norm(apart, axis=1, keepdims=True) + _TINY
    return np.asarray(np.clip(1 - apart @ apart.T, 0, 2), dtype=np.float32)


def votes(
    distance: NDArray[np.float32], outlined: NDArray[np.bool_], reach: float
) -> NDArray[np.float64]:
    """Return for each frame the share of the other frames' votes for 'a nerve is outlined'.

    Args:
        distance: F x F.
        outlined: F labels.
        reach: a vote's weight falls to 1/e over this many median nearest distances.
    """
    others = distance.astype(np.float64)
    np.fill_diagonal(others, np.inf)
    nearest = others.min(axis=1, keepdims=True)
    # Relative to the nearest, or all the weights of a lonely frame would vanish.
    weight = np.exp((nearest - others) / (reach * max(float(np.median(nearest)), _TINY)))
    return np.asarray(weight @ outlined / weight.sum(axis=1), dtype=np.float64)
