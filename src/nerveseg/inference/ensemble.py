"""Averages the prediction maps of several runs, frame by frame."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from nerveseg.errors import InputError
from nerveseg.maps import LEVELS, Maps, MapWriter, logits_of, quantise, read_maps
from nerveseg.params.ensembles import Combine

Weights = Mapping[str, float]
"""Run -> its weight; the weights sum to 1."""

_LOGITS: Final = logits_of(np.arange(LEVELS, dtype=np.uint8)).astype(np.float64)


def values_of(combine: Combine) -> NDArray[np.float64]:
    """Return what is averaged for each code of `nerveseg.maps`: its logit or its probability."""
    return _LOGITS if combine == "logits" else 1 / (1 + np.exp(-_LOGITS))


def codes_of(means: NDArray[np.float64], combine: Combine) -> NDArray[np.uint8]:
    """Return the codes of averaged logits or probabilities, same shape."""
    logits = means if combine == "logits" else np.log(means) - np.log1p(-means)
    return quantise(logits.astype(np.float32))


def combined(
    maps: Sequence[NDArray[np.uint8]], weights: Sequence[float], combine: Combine
) -> NDArray[np.uint8]:
    """Return the weighted mean of K maps of one frame, uint8 codes of their shape.

    Args:
        maps: K maps of codes, all of one shape.
        weights: K, which sum to 1.
        combine: whether logits or probabilities are averaged.
    """
    values = values_of(combine)
    total = np.zeros(maps[0].shape)
    for codes, weight in zip(maps, weights, strict=True):
        total += weight * values[codes]
    return codes_of(total, combine)


def open_maps(paths: Mapping[str, Path]) -> dict[str, Maps]:
    """Open the maps of several runs.

    Raises:
        InputError: a file is missing or damaged, or they have different numbers of maps.
    """
    opened = {run: read_maps(path) for run, path in paths.items()}
    first, *others = opened
    for run in others:
        if len(opened[run]) != len(opened[first]):
            raise InputError(
                f"{paths[run]}: {len(opened[run])} maps, and {len(opened[first])} of {first}; "
                f"run dvc repro predict@{run}"
            )
    return opened


def write_combined(
    path: Path, opened: Mapping[str, Maps], weights: Sequence[Weights], combine: Combine
) -> None:
    """Write the combined maps of N frames; one frame of each run is in memory at a time.

    Args:
        path: file to write.
        opened: run -> its N maps.
        weights: N, the weights of each frame; a run that is not named has the weight 0.
        combine: whether logits or probabilities are averaged.

    Raises:
        InputError: a file is damaged, or there are more or fewer maps than weights.
    """
    if (count := len(next(iter(opened.values())))) != len(weights):
        raise InputError(f"{path}: {count} maps for {len(weights)} frames; run dvc repro predict")
    with MapWriter(path, len(weights)) as writer:
        frames = _frames(opened, weights, combine)
        for codes in tqdm(frames, path.stem, len(weights), leave=False, disable=None):
            writer.write(codes)


def _frames(
    opened: Mapping[str, Maps], weights: Sequence[Weights], combine: Combine
) -> Iterator[NDArray[np.uint8]]:
    for index, shares in enumerate(weights):
        used = {run: share for run, share in shares.items() if share > 0}
        assert math.isclose(sum(used.values()), 1)
        yield combined([opened[run][index] for run in used], list(used.values()), combine)
