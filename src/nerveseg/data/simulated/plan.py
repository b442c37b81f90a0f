"""Who is scanned, how the frames are numbered, and which nerves stay unlabelled."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.data.simulated.anatomy import Neck, draw_neck
from nerveseg.data.simulated.fields import generator
from nerveseg.data.simulated.sweep import nerve_shares
from nerveseg.params.data import SimulatedParams

_TRAIN, _TEST = 0, 1
_PUBLIC: Final = 0.2


class Shot(NamedTuple):
    """One frame of the competition.

    Attributes:
        neck: who is scanned.
        frame: place in the sweep, from 0.
        subject: number of the subject; also test subjects have one, which nobody is told.
        img: number of the image: within the subject for training, within the set for test.
        labelled: whether its nerve, where it has one, is outlined in the table of masks.
    """

    neck: Neck
    frame: int
    subject: int
    img: int
    labelled: bool


def train_shots(settings: SimulatedParams) -> list[Shot]:
    """Return the training frames in numeric order."""
    necks = _necks(settings, _TRAIN, settings.train_subjects, settings.train_frames)
    frames = [(neck, frame) for neck in necks for frame in range(settings.train_frames)]
    nerve = np.array([neck.sweep.nerve[frame] for neck, frame in frames])
    chosen = _unlabelled(settings, nerve)
    return [
        Shot(neck, frame, neck.key[1], frame + 1, number not in chosen)
        for number, (neck, frame) in enumerate(frames)
    ]


def test_shots(settings: SimulatedParams) -> list[Shot]:
    """Return the test frames, sweep by sweep; their numbers are shuffled over all sweeps."""
    necks = _necks(settings, _TEST, settings.test_subjects, settings.test_frames)
    frames = [(neck, frame) for neck in necks for frame in range(settings.test_frames)]
    numbers = generator(settings.seed, "sweep", 2).permutation(len(frames)) + 1
    return [
        Shot(neck, frame, neck.key[1], int(img), labelled=True)
        for img, (neck, frame) in zip(numbers, frames, strict=True)
    ]


def usages(settings: SimulatedParams, count: int) -> list[str]:
    """Return Public or Private for each of `count` test images: one in five is public."""
    order = generator(settings.seed, "labels", 1).permutation(count)
    return ["Public" if place < round(_PUBLIC * count) else "Private" for place in order]


def _necks(settings: SimulatedParams, part: int, subjects: int, frames: int) -> list[Neck]:
    shares = nerve_shares(
        settings.seed, part, subjects, settings.nerve_share, settings.nerve_spread
    )
    first = 1 + part * settings.train_subjects
    return [
        draw_neck(settings.seed, first + number, frames, float(share))
        for number, share in enumerate(shares)
    ]


def _unlabelled(settings: SimulatedParams, nerve: NDArray[np.bool_]) -> set[int]:
    shown = np.flatnonzero(nerve)
    rng = generator(settings.seed, "labels", 0)
    return set(rng.choice(shown, round(settings.unlabelled * len(shown)), replace=False).tolist())
