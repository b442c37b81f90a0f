"""Finding frames whose label contradicts the labels of their near-duplicates.

A subject's frames are a slow sweep. If a frame has no outline but the frames that look the same do,
its nerve was most likely overlooked. Frames are compared by the means and standard deviations of
blocks on a grid, which are insensitive to speckle. Only pairs that are similar enough vote.

The default least similarity, 0.85, comes from simulated sweeps of 12 to 60 frames, in which a tenth
of the nerves were left unlabelled. With 48 or 60 frames, neighbours correlate at 0.94 and more, and
the limit changes nothing: all such nerves are found, with a precision of 90% to 96%. With 24 frames
(median 0.92), half of them are found, with a precision of 89%. With 12 frames (median 0.82),
neighbours are no near-duplicates any more: without the limit, half of the findings are wrong, and
with it there are hardly any.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.atomic import whole_file
from nerveseg.csv_reader import file_rows, parse_int
from nerveseg.data.layout import TrainRecord

HEADER: Final = ("subject", "img", "neighbour_img", "distance", "labelled")
_MIN_FRAMES: Final = 3
_EPSILON: Final = 1e-6


class Contradiction(NamedTuple):
    """One row of audit.csv.

    Attributes:
        subject: number of the subject.
        img: number of the frame whose label is doubtful.
        neighbour_img: number of the most similar frame with the other label.
        distance: distance between the two, from 0 (equal) to 2 (opposite).
        labelled: 1 if a nerve is outlined in `img` but not in its neighbour, 0 for the reverse.
    """

    subject: int
    img: int
    neighbour_img: int
    distance: float
    labelled: int


def contradictions(
    images: NDArray[np.uint8],
    records: Sequence[TrainRecord],
    *,
    blocks: int,
    bandwidth: float,
    agreement: float,
    least_similarity: float,
) -> list[Contradiction]:
    """Return the frames that are outvoted by the frames most similar to them, in order of subject.

    Args:
        images: N x H x W uint8, the packed training images.
        records: their rows, in the same order.
        blocks: number of rows and of columns of the grid.
        bandwidth: bandwidth of a frame's vote, in median nearest-neighbour distances.
        agreement: a label is doubtful if at least this fraction of the votes is against it.
        least_similarity: frames whose correlation is lower do not vote on each other.
    """
    settings = blocks, bandwidth, agreement, least_similarity
    subjects = np.array([record.subject for record in records])
    return [
        finding
        for subject in np.unique(subjects)
        for finding in _of_subject(images, records, np.flatnonzero(subjects == subject), settings)
    ]


def _of_subject(
    images: NDArray[np.uint8],
    records: Sequence[TrainRecord],
    rows: NDArray[np.int64],
    settings: tuple[int, float, float, float],
) -> Iterator[Contradiction]:
    blocks, bandwidth, agreement, least_similarity = settings
    outlined = np.array([records[row].pixels != "" for row in rows])
    # If all labels are the same, none can contradict another.
    if rows.size < _MIN_FRAMES or outlined.all() or not outlined.any():
        return
    distance = distances(np.stack([statistics(images[row], blocks) for row in rows]))
    share = votes(distance, outlined, bandwidth, least_similarity)
    # A share of NaN, of a frame without votes, is never at or above the agreement.
    for here in np.flatnonzero(np.where(outlined, 1 - share, share) >= agreement):
        there = int(np.where(outlined == outlined[here], np.inf, distance[here]).argmin())
        frame, neighbour = records[rows[here]], records[rows[there]]
        apart = float(distance[here, there])
        yield Contradiction(
            frame.subject, frame.img, neighbour.img, apart, labelled=int(outlined[here])
        )


def statistics(image: NDArray[np.uint8], blocks: int) -> NDArray[np.float32]:
    """Return mean and standard deviation of each block of a grid over `image`.

    Args:
        image: H x W uint8.
        blocks: number of rows and of columns of the grid.

    Returns:
        2 * blocks^2 values, all means first, in grey levels.
    """
    values = image.astype(np.float32)
    mean = cv2.resize(values, (blocks, blocks), interpolation=cv2.INTER_AREA)
    square = cv2.resize(values * values, (blocks, blocks), interpolation=cv2.INTER_AREA)
    spread = np.sqrt(np.maximum(square - mean * mean, 0))
    return np.concatenate([mean.ravel(), spread.ravel()])


def distances(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 - correlation between all pairs of frames of a subject, F x F, in [0, 2].

    Args:
        features: F x D statistics, from which the mean over frames is subtracted first. Frames
            that equal this mean have no correlation; they are equal to each other, at distance 0.
    """
    apart = features - features.mean(axis=0)
    length = np.linalg.norm(apart, axis=1)
    apart /= length[:, None] + _EPSILON
    distance = np.asarray(np.clip(1 - apart @ apart.T, 0, 2), dtype=np.float32)
    average = length < _EPSILON
    distance[np.ix_(average, average)] = 0
    return distance


def votes(
    distance: NDArray[np.float32],
    outlined: NDArray[np.bool_],
    bandwidth: float,
    least_similarity: float,
) -> NDArray[np.float64]:
    """Return for each frame the weighted fraction of the other frames that have an outline.

    Args:
        distance: F x F, see `distances`.
        outlined: F labels, whether a nerve is outlined.
        bandwidth: a vote's weight falls to 1/e over this many median nearest-neighbour distances.
        least_similarity: correlation, 1 - distance, below which a frame has no vote. The bandwidth
            is relative: without this limit, frames that resemble no other frame would be outvoted
            by the least dissimilar ones.

    Returns:
        F values in [0, 1]; NaN for a frame that no frame votes on.
    """
    others = distance.astype(np.float64)
    np.fill_diagonal(others, np.inf)
    nearest = others.min(axis=1, keepdims=True)
    # Relative to the nearest neighbour: otherwise all weights of an isolated frame would underflow.
    weight = np.exp((nearest - others) / (bandwidth * max(float(np.median(nearest)), _EPSILON)))
    weight[others > 1 - least_similarity] = 0
    total = weight.sum(axis=1)
    share = np.full(len(total), np.nan)
    np.divide(weight @ outlined, total, out=share, where=total > 0)
    return share


def write_contradictions(path: Path, found: Iterable[Contradiction]) -> None:
    """Write audit.csv."""
    with whole_file(path) as new, new.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows((*row[:3], f"{row.distance:.4f}", row.labelled) for row in found)


def read_doubtful(path: Path) -> set[tuple[int, int]]:
    """Return (subject, img) of the frames in audit.csv.

    Raises:
        InputError: unreadable or malformed.
    """
    label = str(path)
    return {
        (parse_int(subject, label, line), parse_int(img, label, line))
        for line, (subject, img, *_) in file_rows(path, HEADER)
    }
