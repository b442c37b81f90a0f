"""Greedy selection of the runs of an ensemble, with replacement.

Source: Caruana, Niculescu-Mizil, Crew and Ksikes, ICML 2004: start with nothing, add the run that
raises the score most, and take the prefix with the highest score. A run may be added repeatedly,
which weighs it more. Here, the search ends when the score has not risen for `PATIENCE` rounds.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nerveseg.inference.ensemble import values_of
from nerveseg.inference.rule import Rule
from nerveseg.maps import Maps
from nerveseg.params.ensembles import Combine
from nerveseg.rle import IMAGE_SHAPE, decode

STEP: Final = 4
"""Every so many rows and columns of a map are looked at: hundreds of ensembles are tried."""
ROUNDS: Final = 20
"""The largest number of runs in an ensemble, repeated ones included."""
PATIENCE: Final = 5
_THIN: Final = (-(-IMAGE_SHAPE[0] // STEP), -(-IMAGE_SHAPE[1] // STEP))


class ThinMaps:
    """The maps of K runs on N frames at every `STEP`-th row and column, in a file.

    Args:
        path: the file to write, N x K x H x W bytes; it is memory-mapped.
        opened: run -> its N maps.
        truths: N, the run lengths of the true masks.
    """

    def __init__(self, path: Path, opened: Mapping[str, Maps], truths: Sequence[str]) -> None:
        self.runs = list(opened)
        self._codes = np.memmap(
            path, dtype=np.uint8, mode="w+", shape=(len(truths), len(opened), *_THIN)
        )
        self._truths = np.zeros((len(truths), *_THIN), dtype=np.bool_)
        for index, pixels in enumerate(truths):
            self._truths[index] = decode(pixels)[::STEP, ::STEP]
            for place, maps in enumerate(opened.values()):
                self._codes[index, place] = maps[index][::STEP, ::STEP]

    def dice(
        self, frame: int, counts: NDArray[np.int64], combine: Combine, fixed: Rule
    ) -> NDArray[np.float64]:
        """Return the Dice on one frame of the ensembles with one more run, K for K candidates.

        Args:
            frame: its index.
            counts: K, how often each run is in the ensemble so far.
            combine: whether logits or probabilities are averaged.
            fixed: the rule of the section `encode`; its `min_blob` is not applied.
        """
        # In float32, which takes half the time; the codes are an eighth of a logit apart.
        values = values_of(combine).astype(np.float32)[self._codes[frame]]
        before = np.tensordot(counts.astype(np.float32), values, axes=1)
        means = (before + values) / np.float32(counts.sum() + 1)
        probability = fixed.threshold
        least = np.log(probability / (1 - probability)) if combine == "logits" else probability
        masks = (means >= least).reshape(len(self.runs), -1)
        truth = self._truths[frame].reshape(-1)
        area, hit = masks.sum(axis=1), (masks & truth).sum(axis=1)
        kept = area * STEP**2 >= fixed.min_total
        area, hit = np.where(kept, area, 0), np.where(kept, hit, 0)
        both = area + truth.sum()
        return np.where(both == 0, 1.0, 2 * hit / np.maximum(both, 1))


def select_greedily(
    thin: ThinMaps, frames: NDArray[np.int64], combine: Combine, fixed: Rule
) -> dict[str, float]:
    """Return run -> weight of the ensemble with the highest mean Dice on `frames`.

    Args:
        thin: the maps of all runs.
        frames: indices of the frames to select on.
        combine: whether logits or probabilities are averaged.
        fixed: the rule by which the maps of every candidate become masks.
    """
    counts = np.zeros(len(thin.runs), dtype=np.int64)
    order: list[int] = []
    scores: list[float] = []
    best = 0
    for _ in range(ROUNDS):
        dice = np.mean([thin.dice(int(at), counts, combine, fixed) for at in frames], axis=0)
        added = int(np.round(dice, 9).argmax())
        counts[added] += 1
        order.append(added)
        scores.append(round(float(dice[added]), 9))
        best = scores.index(max(scores))
        if len(scores) - 1 - best >= PATIENCE:
            break
    taken = Counter(order[: best + 1])
    return {thin.runs[run]: times / taken.total() for run, times in sorted(taken.items())}
