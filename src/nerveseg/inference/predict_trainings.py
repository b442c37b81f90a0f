"""Prediction maps of a run that was trained on several folds, or from several seeds.

The networks of a fold alone predict its validation frames, which they have not seen; all of them
predict the test frames. Logits are averaged, and a map is made of the mean: no network's own maps
are stored.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from nerveseg.device import working_dtype
from nerveseg.errors import within
from nerveseg.inference.predict import Begun, Predictor, to_maps
from nerveseg.inference.tta import choose_views
from nerveseg.models.weights import check_network, load_weights
from nerveseg.params.predict import PredictParams
from nerveseg.params.train import Run


class Trained(NamedTuple):
    """A trained network.

    Attributes:
        fold: its validation fold.
        predictor: the network with its test-time augmentation.
    """

    fold: int
    predictor: Predictor


def load_predictor(
    weights: Path, run: Run, params: PredictParams, device: torch.device
) -> Predictor:
    """Return the network of a file of weights, ready to predict.

    Args:
        weights: the file.
        run: the run that it must belong to.
        params: the section `predict`.
        device: device to run on.

    Raises:
        InputError: the file is unreadable or of another network, or training has not seen the
            views that are asked for.
    """
    network, description = load_weights(weights)
    check_network(weights, description, *run)
    with within("predict.tta"):
        views = choose_views(params.tta, description)
    return Predictor(
        network,
        description.in_channels,
        views,
        weights=params.tta_weights,
        batch=params.batch,
        device=device,
        dtype=working_dtype(params.precision, device),
    )


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
    return to_maps(begun, overlaps=trained[0].predictor.overlaps)


def _begin_chunk(
    trained: Sequence[Trained], images: NDArray[np.uint8], folds: NDArray[np.int64], batch: int
) -> Begun:
    parts: list[tuple[NDArray[np.int64], Begun]] = []
    for fold in np.unique(folds):
        members = [network.predictor for network in trained if network.fold == fold]
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
    members = [network.predictor for network in trained]
    starts = range(0, len(images), batch)
    begun = (_begin_mean(members, images[start : start + batch]) for start in starts)
    return to_maps(begun, overlaps=members[0].overlaps)


def _begin_mean(members: Sequence[Predictor], images: NDArray[np.uint8]) -> Begun:
    """Begin to compute the mean of the logits of several networks."""
    begun = [member.begin(images) for member in members]

    def result() -> NDArray[np.float32]:
        total = begun[0]()
        for other in begun[1:]:
            total += other()
        return total / np.float32(len(begun))

    return result
