"""The nerve: a tilted oval sheath around a few round fascicles, and its course through a sweep."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.data.simulated.fields import Array, curves

_LEANS_RIGHT: Final = 0.8
"""Fraction of nerves whose lower end lies to the right."""


class Fascicle(NamedTuple):
    """A bundle of nerve fibres, round and dark.

    Attributes:
        along: position along the sheath's long axis, in semi-axes from its centre.
        beside: position along the short axis, in semi-axes.
        radius: radius in pixels.
        depth: how much darker it is than the tissue between the fascicles, in dB.
    """

    along: float
    beside: float
    radius: float
    depth: float


class Size(NamedTuple):
    """Size of the nerve's bounding box in pixels, and the fraction of it that the nerve fills."""

    height: float
    width: float
    filling: float


@dataclass(frozen=True)
class Pose:
    """Position, size and orientation of the nerve in one frame.

    Attributes:
        centre: (row, column) in pixels.
        axes: semi-axes (long, short) in pixels.
        angle: from the vertical to the long axis, in radians; positive if its lower end lies to
            the right.
    """

    centre: tuple[float, float]
    axes: tuple[float, float]
    angle: float

    def to_pixels(self, along: Array, beside: Array) -> Array:
        """Return N x 2 points (x, y) in pixels for N positions in semi-axes (see `Fascicle`)."""
        long, short = along * self.axes[0], beside * self.axes[1]
        sine, cosine = np.sin(self.angle), np.cos(self.angle)
        x = self.centre[1] + long * sine + short * cosine
        y = self.centre[0] + long * cosine - short * sine
        return np.stack([x, y], axis=1).astype(np.float32)


@dataclass(frozen=True)
class Nerve:
    """One subject's nerve over its F frames.

    Attributes:
        poses: its pose in every frame.
        wobble: K x 2, amplitude and phase of the outline's harmonics 2, 3, ...
        fascicles: the fascicles inside the sheath.
        between: echogenicity of the tissue between them, in dB relative to muscle.
        sheath: how much brighter the sheath is than that tissue, in dB.
    """

    poses: list[Pose]
    wobble: Array
    fascicles: list[Fascicle]
    between: float
    sheath: float

    def centres(self, frame: int) -> Array:
        """Return the centres of the fascicles in `frame`: N x 2 points (x, y) in pixels."""
        positions = np.array([f[:2] for f in self.fascicles], dtype=np.float32).reshape(-1, 2)
        return self.poses[frame].to_pixels(positions[:, 0], positions[:, 1])

    def outline(self, frame: int, points: int = 72) -> Array:
        """Return the outline of the sheath in `frame`: N x 2 points (x, y) in pixels."""
        turn = np.linspace(0, 2 * np.pi, points, endpoint=False, dtype=np.float32)
        radius = np.ones_like(turn)
        for harmonic, (amplitude, phase) in enumerate(self.wobble, 2):
            radius += amplitude * np.cos(harmonic * turn + phase)
        return self.poses[frame].to_pixels(radius * np.cos(turn), radius * np.sin(turn))


def draw_nerve(rng: np.random.Generator, shift: Array) -> Nerve:
    """Return a nerve for a sweep, with the distribution of size and position of the real outlines.

    Args:
        rng: source of random numbers.
        shift: F x 2, displacement (down, right) of the tissue in every frame, in pixels.
    """
    tall, wide = rng.standard_normal(2)
    mean = Size(
        height=float(116 * np.exp(0.125 * tall)),
        width=float(88 * np.exp(0.22 * (0.95 * wide - 0.3 * tall))),
        filling=float(rng.normal(0.685, 0.045)),
    )
    row = 60 + float(np.exp(np.log(77) + 0.37 * rng.standard_normal()))
    column = float(np.clip(rng.normal(333, 36), 230, 450))
    poses = _poses(rng, shift, (row, column), mean)
    amplitudes = np.abs(rng.normal(0, [0.02, 0.06, 0.045, 0.025])).astype(np.float32)
    phases = rng.uniform(0, 2 * np.pi, 4).astype(np.float32)
    return Nerve(
        poses=poses,
        wobble=np.stack([amplitudes, phases], axis=1),
        fascicles=_fascicles(rng, poses[len(poses) // 2].axes),
        between=float(rng.uniform(6, 10)),
        sheath=float(rng.uniform(2, 6)),
    )


def _poses(
    rng: np.random.Generator, shift: Array, centre: tuple[float, float], mean: Size
) -> list[Pose]:
    side = 1 if rng.random() < _LEANS_RIGHT else -1
    poses = []
    for moved, own in zip(shift, curves(rng, 5, len(shift), (4, 3)).T, strict=True):
        size = Size(
            height=float(mean.height * np.exp(0.06 * own[2])),
            width=float(mean.width * np.exp(0.08 * own[3])),
            filling=float(np.clip(mean.filling + 0.02 * own[4], 0.5, 0.77)),
        )
        row = max(centre[0], 52 + size.height / 2) + 5 * own[0] + moved[0]
        column = centre[1] + 10 * own[1] + moved[1]
        poses.append(_pose((float(row), float(column)), size, side))
    return poses


def _pose(centre: tuple[float, float], size: Size, side: int) -> Pose:
    """Return the tilted ellipse of `size`.

    An ellipse with semi-axes a, b at angle t from the vertical has height^2 / 4 =
    (a cos t)^2 + (b sin t)^2 and width^2 / 4 = (a sin t)^2 + (b cos t)^2: their sum gives
    a^2 + b^2, the area gives ab, and their difference gives t.
    """
    total = (size.height**2 + size.width**2) / 4
    product = size.filling * size.height * size.width / np.pi
    apart = np.sqrt(total**2 - 4 * product**2)
    turn = np.arccos(np.clip((size.height**2 - size.width**2) / (4 * apart), -1, 1)) / 2
    axes = (float(np.sqrt((total + apart) / 2)), float(np.sqrt((total - apart) / 2)))
    return Pose(centre, axes, float(side * turn))


def _fascicles(rng: np.random.Generator, axes: tuple[float, float]) -> list[Fascicle]:
    """Place fascicles in the oval at random, large ones first, without overlap."""
    found: list[Fascicle] = []
    wall, gap = 3.0, 3.5
    largest = min(0.5 * axes[1] + 1, 20.0) * rng.uniform(0.8, 1.0)
    for radius in np.linspace(largest, 6, 300):
        turn, out = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random())
        along, beside = float(out * np.cos(turn)), float(out * np.sin(turn))
        room = (along * axes[0] / (axes[0] - radius - wall)) ** 2
        room += (beside * axes[1] / (axes[1] - radius - wall)) ** 2
        if room < 1 and all(
            _distance(axes, along, beside, f) > radius + f.radius + gap for f in found
        ):
            found.append(Fascicle(along, beside, float(radius), float(rng.uniform(11, 16))))
    return found


def _distance(axes: tuple[float, float], along: float, beside: float, other: Fascicle) -> float:
    return float(np.hypot((along - other.along) * axes[0], (beside - other.beside) * axes[1]))


def filled(outline: Array, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the mask (H x W, uint8 {0, 1}) of the inside of `outline`, N x 2 points (x, y)."""
    mask = np.zeros(shape, dtype=np.uint8)
    fixed = np.round(outline * 16).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 1, shift=4)
    return mask
