"""The motion of the probe over one neck, and the frames in which the nerve is in view."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from nerveseg.data.simulated.fields import Array, curves, generator

# The smallest and largest fraction of frames with a nerve among the real subjects.
FEWEST, MOST = 0.017, 0.89
_FULL: Final = 60
"""Number of frames of a full-length sweep."""
_TWICE: Final = 0.35
"""Fraction of sweeps in which the nerve comes into view twice."""
_SHORTEST: Final = 3
"""Minimum number of frames of each stretch with or without the nerve if there are two."""


@dataclass(frozen=True)
class Sweep:
    """One sweep of F frames.

    Attributes:
        shift: F x 2, displacement (down, right) of the tissue in pixels.
        nerve: F, bool, whether the frame shows the nerve.
        visible: F, in [0, 1], fraction of the nerve's contrast: the beam has a thickness, so the
            nerve appears and disappears over two frames.
    """

    shift: Array
    nerve: NDArray[np.bool_]
    visible: Array

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.nerve)


def nerve_shares(
    seed: int, subset: int, subjects: int, mean: float, spread: float
) -> NDArray[np.float64]:
    """Return each subject's fraction of frames with a nerve, drawn from a beta distribution.

    Sampling is stratified: one subject is drawn from each of `subjects` equal quantile ranges, so
    that even a small competition has about the requested mean.

    Args:
        seed: seed of the competition.
        subset: 0 for training, 1 for test.
        subjects: number of subjects.
        mean: mean of the distribution.
        spread: its standard deviation.
    """
    rng = generator(seed, "sweep", subset)
    slices = (rng.permutation(subjects) + rng.random(subjects)) / subjects
    if spread == 0:
        return np.full(subjects, mean)
    concentration = max(mean * (1 - mean) / spread**2 - 1, 0.2)
    drawn = beta.ppf(slices, mean * concentration, (1 - mean) * concentration)
    return np.asarray(np.clip(drawn, FEWEST, MOST), dtype=np.float64)


def draw_sweep(rng: np.random.Generator, frames: int, share: float) -> Sweep:
    """Return a sweep; a fraction `share` of its frames, in one or two stretches, show the nerve."""
    nerve = _stretches(rng, frames, max(1, round(share * frames)))
    # A hand moves at most a pixel per frame, so a short sweep covers less.
    amplitude = np.array([[5], [12]], dtype=np.float32) * min(1, frames / _FULL)
    drift = curves(rng, 2, frames, (2, 4)) * amplitude
    return Sweep(shift=drift.T.astype(np.float32), nerve=nerve, visible=_visible(nerve))


def _stretches(rng: np.random.Generator, frames: int, count: int) -> NDArray[np.bool_]:
    gap = frames - count
    first, middle = count, 0
    if rng.random() < _TWICE and min(count, gap) >= 2 * _SHORTEST:
        first = int(rng.integers(_SHORTEST, count - _SHORTEST + 1))
        middle = int(rng.integers(_SHORTEST, max(gap // 2, _SHORTEST + 1)))
    start = int(rng.integers(0, gap - middle + 1))
    nerve = np.zeros(frames, dtype=np.bool_)
    nerve[start : start + first] = True
    nerve[start + first + middle : start + middle + count] = True
    return nerve


def _visible(nerve: NDArray[np.bool_]) -> Array:
    padded = np.pad(nerve.astype(np.float32), 1, mode="edge")
    return np.float32(0.2) * (padded[:-2] + padded[2:]) / 2 + np.float32(0.8) * padded[1:-1]
