"""Prediction maps smoothed over the near-duplicates of each frame.

The frames of a sweep are near-duplicates, and errors that one of them has alone are not the
anatomy's. With w = `decide.sweep`, the map of frame i becomes

    (1 - w) map_i + w sum_j share_ij map_j

over its neighbours j (`nerveseg.data.near_duplicates`). Logits are averaged, not probabilities: the
mean of logits is the geometric mean of odds, so a frame that is certain outweighs some that are
undecided, and the stored codes, which are equidistant in logits, are as exact afterwards.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from nerveseg.data.near_duplicates import Neighbour, near_duplicates
from nerveseg.data.packed import TEST_IMAGES, TRAIN_IMAGES, open_frames
from nerveseg.data.split_table import read_split, rows_of
from nerveseg.errors import InputError
from nerveseg.inference.ensemble import combined
from nerveseg.maps import FrameMaps


class Sweep(BaseModel):
    """How maps are smoothed.

    Attributes:
        weight: w above, of the neighbours together, within 0..1 and not 1.
        blocks: grid of the descriptors, as `audit.blocks`.
        least_similarity: of neighbours, as `audit.least_similarity`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: float
    blocks: int
    least_similarity: float


class SmoothedMaps:
    """Maps of N frames, each smoothed over its neighbours when it is read; nothing is kept.

    Args:
        maps: the N maps.
        neighbours: N, the neighbours of each frame.
        weight: of the neighbours together, 0..1.
    """

    def __init__(
        self, maps: FrameMaps, neighbours: Sequence[Sequence[Neighbour]], weight: float
    ) -> None:
        self._maps = maps
        self._neighbours = neighbours
        self._weight = weight

    def __len__(self) -> int:
        """Return the number of maps."""
        return len(self._maps)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        """Return map `index`, H x W uint8 codes of `nerveseg.maps`.

        Raises:
            IndexError: there is no such map.
            InputError: the file is damaged at this map or a neighbour's.
        """
        codes = self._maps[index]
        near = self._neighbours[index]
        if not near or not self._weight:
            return codes
        maps = [codes, *(self._maps[each.frame] for each in near)]
        weights = [1 - self._weight, *(self._weight * each.share for each in near)]
        return combined(maps, weights, "logits")

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the maps in order."""
        return (self[index] for index in range(len(self)))


def smoothed_validation(maps: FrameMaps, sweep: Sweep | None, data: Path) -> FrameMaps:
    """Return the validation maps smoothed over frames of the same subject and fold.

    Without a sweep, they are returned as given.

    Args:
        maps: the validation maps, in the order of the split.
        sweep: how they are smoothed.
        data: the folder that holds packed/train_images.npy and split.csv.

    Raises:
        InputError: a file is missing or malformed, or there are more or fewer maps than frames.
    """
    if sweep is None:
        return maps
    split = read_split(data / "split.csv")
    rows, path = rows_of(split, "valid"), data / "packed" / TRAIN_IMAGES
    images = open_frames(path)
    if len(images) != len(split):
        raise InputError(f"{path}: {len(images)} frames, {len(split)} in the split; run dvc repro")
    # Of the same fold as well, if frames were divided at random: a network of another fold has
    # been trained on the mask of the frame whose map it would change.
    alike: dict[tuple[int, int], int] = {}
    groups = [alike.setdefault(split[row][:3:2], len(alike)) for row in rows]
    return _smoothed(maps, (images[row] for row in rows), groups, sweep, (path, len(rows)))


def smoothed_test(maps: FrameMaps, sweep: Sweep | None, data: Path) -> FrameMaps:
    """Return the test maps smoothed over all test frames; as given without sweep.

    Args:
        maps: the test maps, in the order of the packed images.
        sweep: how they are smoothed.
        data: the folder that holds packed/test_images.npy.

    Raises:
        InputError: a file is missing or malformed, or there are more or fewer maps than frames.
    """
    if sweep is None:
        return maps
    path = data / "packed" / TEST_IMAGES
    images = open_frames(path)
    return _smoothed(maps, iter(images), None, sweep, (path, len(images)))


def _smoothed(
    maps: FrameMaps,
    images: Iterator[NDArray[np.uint8]],
    subjects: Sequence[int] | None,
    sweep: Sweep,
    source: tuple[Path, int],
) -> SmoothedMaps:
    path, count = source
    if len(maps) != count:
        raise InputError(f"{path}: {len(maps)} maps for {count} frames; run dvc repro predict")
    if not count:
        return SmoothedMaps(maps, [], sweep.weight)
    near = near_duplicates(
        images, subjects, blocks=sweep.blocks, least_similarity=sweep.least_similarity
    )
    return SmoothedMaps(maps, near, sweep.weight)
