"""Prediction maps of a run that was trained on several folds, or from several seeds.

The networks of a fold alone predict its validation frames, which they have not seen; all of them
predict the test frames. Logits are averaged, and a map is made of the mean: no network's own maps
are stored.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.inference.predict import Begun, MapSource, to_maps


class Trained(NamedTuple):
    """A trained network.

    Attributes:
        fold: its validation fold.
        source: the network with its test-time augmentation.
    """

    fold: int
    source: MapSource


def validation_maps(
    trained: Sequence[Trained], images: NDArray[np.uint8], folds: NDArray[np.int64], batch: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield a map of logit codes (`nerveseg.maps`), 420 x 580 uint8, for each validation frame.

    Args:
        trained: the networks, at least one of the fold of every frame.
        images: N x H x W uint8.
        folds: N, the fold of each frame.
        batch: frames per forward pass.
    """
    # Frames of all folds may alternate: so many at once fill the batches of each.
    chunk = batch * len({network.fold for network in trained})
    begun = (
        _begin_chunk(trained, images[start : start + chunk], folds[start : start + chunk], batch)
        for start in range(0, len(images), chunk)
    )
    return to_maps(begun, overlaps=trained[0].source.overlaps)


def _begin_chunk(
    trained: Sequence[Trained], images: NDArray[np.uint8], folds: NDArray[np.int64], batch: int
) -> Begun:
    parts: list[tuple[NDArray[np.int64], Begun]] = []
    for fold in np.unique(folds):
        members = [network.source for network in trained if network.fold == fold]
        rows = np.flatnonzero(folds == fold)
        for part in np.split(rows, range(batch, len(rows), batch)):
            parts.append((part, _begin_mean(members, images[part])))  # noqa: PERF401

    def result() -> NDArray[np.float32]:
        logits = np.empty(images.shape, dtype=np.float32)
        for part, of_part in parts:
            logits[part] = of_part()
        return logits

    return result


def test_maps(
    trained: Sequence[Trained], images: NDArray[np.uint8], batch: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield a map of logit codes, 420 x 580 uint8, for each test frame, the mean of all networks.

    Args:
        trained: the networks.
        images: N x H x W uint8; a memory-mapped array is read one batch at a time.
        batch: frames per forward pass.
    """
    members = [network.source for network in trained]
    starts = range(0, len(images), batch)
    begun = (_begin_mean(members, images[start : start + batch]) for start in starts)
    return to_maps(begun, overlaps=members[0].overlaps)


def _begin_mean(members: Sequence[MapSource], images: NDArray[np.uint8]) -> Begun:
    """Begin to compute the mean of the logits of several networks."""
    begun = [member.begin(images) for member in members]

    def result() -> NDArray[np.float32]:
        total = begun[0]()
        for other in begun[1:]:
            total += other()
        return total / np.float32(len(begun))

    return result
