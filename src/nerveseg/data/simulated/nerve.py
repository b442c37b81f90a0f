"""The nerve: a tilted oval sheath around a few round fascicles, and its way through a sweep."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.data.simulated.fields import Array, curves


class Fascicle(NamedTuple):
    """A bundle of fibres, round and dark.

    Attributes:
        along: place along the sheath's long axis, in half axes from its centre.
        beside: place along the short axis, in half axes.
        radius: in pixels.
        depth: contrast against the tissue between the bundles, decibels below it.
    """

    along: float
    beside: float
    radius: float
    depth: float


@dataclass(frozen=True)
class Pose:
    """The nerve in one frame: where it is, and how large.

    Attributes:
        centre: (row, column) in pixels.
        axes: half axes, (long, short), in pixels.
        angle: of the long axis against the vertical, in radians, clockwise from above.
    """

    centre: tuple[float, float]
    axes: tuple[float, float]
    angle: float

    def place(self, along: Array, beside: Array) -> Array:
        """Return points (x, y), N x 2, of places in half axes (see `Fascicle`)."""
        long, short = along * self.axes[0], beside * self.axes[1]
        sine, cosine = np.sin(self.angle), np.cos(self.angle)
        x = self.centre[1] + long * sine + short * cosine
        y = self.centre[0] + long * cosine - short * sine
        return np.stack([x, y], axis=1).astype(np.float32)


@dataclass(frozen=True)
class Nerve:
    """One subject's nerve over its F frames.

    Attributes:
        poses: one a frame.
        wobble: K x 2, amplitude and phase of the outline's harmonics 2, 3, ...
        fascicles: what the sheath holds.
        between: echogenicity of the tissue between them, decibels over muscle.
    """

    poses: list[Pose]
    wobble: Array
    fascicles: list[Fascicle]
    between: float

    def outline(self, frame: int, points: int = 72) -> Array:
        """Return the sheath's outline in `frame`: points (x, y), N x 2, in pixels."""
        turn = np.linspace(0, 2 * np.pi, points, endpoint=False, dtype=np.float32)
        radius = np.ones_like(turn)
        for harmonic, (amplitude, phase) in enumerate(self.wobble, 2):
            radius += amplitude * np.cos(harmonic * turn + phase)
        return self.poses[frame].place(radius * np.cos(turn), radius * np.sin(turn))


def draw_nerve(rng: np.random.Generator, shift: Array) -> Nerve:
    """Return a nerve for a sweep, its size and place as the real outlines have them.

    Args:
        rng: where the numbers come from.
        shift: F x 2, how far tissue has moved (down, right) in every frame.
    """
    area = float(np.exp(np.log(6900) + 0.20 * rng.standard_normal()))
    ratio = float(np.clip(rng.normal(0.52, 0.085), 0.3, 0.8))
    angle = float(np.radians(rng.normal(31, 11)) * (1 if rng.random() < 0.8 else -1))  # noqa: PLR2004
    row = 60 + float(np.exp(np.log(77) + 0.37 * rng.standard_normal()))
    column = float(np.clip(rng.normal(333, 36), 230, 450))
    poses = _poses(rng, shift, (row, column), area, ratio, angle)
    amplitudes = np.abs(rng.normal(0, [0.03, 0.05, 0.035, 0.02])).astype(np.float32)
    phases = rng.uniform(0, 2 * np.pi, 4).astype(np.float32)
    return Nerve(
        poses=poses,
        wobble=np.stack([amplitudes, phases], axis=1),
        fascicles=_pack(rng, poses[len(poses) // 2].axes),
        between=float(rng.uniform(3, 7)),
    )


def _poses(
    rng: np.random.Generator,
    shift: Array,
    centre: tuple[float, float],
    area: float,
    ratio: float,
    angle: float,
) -> list[Pose]:
    own = curves(rng, 5, len(shift), (4, 3))
    poses = []
    for moved, (down, right, growth, stretch, turn) in zip(shift, own.T, strict=True):
        size = area * np.exp(0.11 * growth)
        shape = float(np.clip(ratio + 0.04 * stretch, 0.28, 0.9))
        long = float(np.sqrt(size / (np.pi * shape)))
        row = max(centre[0], 52 + long * np.cos(angle)) + 5 * down + moved[0]
        place = (float(row), float(centre[1] + 10 * right + moved[1]))
        poses.append(Pose(place, (long, long * shape), float(angle + 0.1 * turn)))
    return poses


def _pack(rng: np.random.Generator, axes: tuple[float, float]) -> list[Fascicle]:
    """Throw fascicles into the oval, large ones first, none onto another."""
    found: list[Fascicle] = []
    wall, gap = 3.5, 4.0
    largest = min(0.42 * axes[1] + 3, 19.0)
    for radius in np.linspace(largest, 5.5, 160) * rng.uniform(0.8, 1.0, 160):
        turn, out = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random())
        along, beside = float(out * np.cos(turn)), float(out * np.sin(turn))
        room = (along * axes[0] / (axes[0] - radius - wall)) ** 2
        room += (beside * axes[1] / (axes[1] - radius - wall)) ** 2
        if room < 1 and all(
            _distance(axes, along, beside, f) > radius + f.radius + gap for f in found
        ):
            found.append(Fascicle(along, beside, float(radius), float(rng.uniform(10, 15))))
    return found


def _distance(axes: tuple[float, float], along: float, beside: float, other: Fascicle) -> float:
    return float(np.hypot((along - other.along) * axes[0], (beside - other.beside) * axes[1]))


def filled(outline: Array, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the mask (H x W, uint8 {0, 1}) inside `outline`, points (x, y) in pixels."""
    import cv2

    mask = np.zeros(shape, dtype=np.uint8)
    fixed = np.round(outline * 16).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 1, shift=4)
    return mask
