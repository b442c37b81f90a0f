"""The probe's way over one neck: where it is in every frame, and when the nerve is in view."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from nerveseg.data.simulated.fields import Array, curves, generator

# Of the real subjects, the one with the fewest frames with a nerve and the one with the most.
FEWEST, MOST = 0.017, 0.89
_FULL: Final = 60
"""Frames of a sweep that goes all the way."""
_TWICE: Final = 0.35
"""Share of sweeps in which the nerve comes into view twice."""
_SHORTEST: Final = 3
"""Frames of the shortest stretch with or without the nerve, where there are two."""


@dataclass(frozen=True)
class Sweep:
    """One sweep of F frames.

    Attributes:
        shift: F x 2, how far tissue has moved (down, right) in pixels.
        nerve: F, bool, whether the frame shows the nerve.
        visible: F, in [0, 1], how much of the nerve's contrast is there: the beam is thick, so
            it comes and goes within two frames.
    """

    shift: Array
    nerve: NDArray[np.bool_]
    visible: Array

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.nerve)


def nerve_shares(
    seed: int, part: int, subjects: int, mean: float, spread: float
) -> NDArray[np.float64]:
    """Return each subject's share of frames with a nerve, from a Beta distribution.

    One subject is drawn from each of `subjects` equal slices of it, so that also a small
    competition has the mean it was asked for.
    """
    rng = generator(seed, "sweep", part)
    slices = (rng.permutation(subjects) + rng.random(subjects)) / subjects
    if spread == 0:
        return np.full(subjects, mean)
    concentration = max(mean * (1 - mean) / spread**2 - 1, 0.2)
    drawn = beta.ppf(slices, mean * concentration, (1 - mean) * concentration)
    return np.asarray(np.clip(drawn, FEWEST, MOST), dtype=np.float64)


def draw_sweep(rng: np.random.Generator, frames: int, share: float) -> Sweep:
    """Return a sweep of which `share` of the frames show the nerve, in one stretch or two."""
    nerve = _stretches(rng, frames, max(1, round(share * frames)))
    # A hand moves a pixel or less from frame to frame: a short sweep does not go as far.
    reach = np.array([[5], [12]], dtype=np.float32) * min(1, frames / _FULL)
    drift = curves(rng, 2, frames, (2, 4)) * reach
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
