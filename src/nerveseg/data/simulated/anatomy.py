"""One neck: its layers, vessels, nerve, and how the machine was set when it was scanned."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nerveseg.data.simulated.fields import Array, Weave, curves, generator
from nerveseg.data.simulated.nerve import Nerve, draw_nerve
from nerveseg.data.simulated.sweep import Sweep, draw_sweep

SHAPE = (420, 580)
CANVAS = (480, 720)
"""Size of the textures, in canonical rows and columns: the layers lie flat there."""
MARGIN = 70
"""Columns of the canvas to the left of the frame's first."""
LEVELS = (16.0, 52.0, 96.0, 280.0, 400.0, 460.0)
"""Canonical rows of the boundaries: skin, fat, strong fascia, deep fascia, deep tissue, end."""


class Vessel(NamedTuple):
    """A vessel cut across: an oval without echoes, with a bright wall.

    Attributes:
        path: F x 2, centre (row, column) in every frame, in pixels.
        axes: half axes (down, across) in pixels.
    """

    path: Array
    axes: tuple[float, float]


@dataclass(frozen=True)
class Machine:
    """How the scanner was set.

    Attributes:
        gain: decibels added to everything.
        reach: dynamic range, decibels from black to white.
        fade: decibels lost from top to bottom that time-gain compensation leaves.
        beam: width of the point spread across, as a factor.
        noise: level of the receiver's noise at full compensation, decibels.
        smoothing: width of the smoothing after log compression, in pixels.
        shadow: per column, decibels lost where the probe touches badly.
    """

    gain: float
    reach: float
    fade: float
    beam: float
    noise: float
    smoothing: float
    shadow: Array


@dataclass(frozen=True)
class Neck:
    """One subject.

    Attributes:
        key: (seed, number), for textures and speckle.
        sweep: the probe's way.
        boundaries: F x 6 x 580, rows of the layers' boundaries (see `LEVELS`).
        lines: 6 x 720, brightness of every boundary along its length, decibels over muscle.
        base: echogenicity of each of the seven layers, decibels over muscle.
        fibres: weaves of the muscle above and below the strong fascia.
        streaks: decibels that one standard deviation of fibre texture adds, above and below.
        vessels: all that are in view.
        nerve: where it would be seen, also in the frames that do not show it.
        machine: how the scanner was set.
    """

    key: tuple[int, int]
    sweep: Sweep
    boundaries: Array
    lines: Array
    base: Array
    fibres: tuple[Weave, Weave]
    streaks: tuple[float, float]
    vessels: list[Vessel]
    nerve: Nerve
    machine: Machine


def draw_neck(seed: int, number: int, frames: int, share: float) -> Neck:
    """Return subject `number` with a sweep of `frames`, `share` of which show the nerve."""
    rng = generator(seed, "anatomy", number)
    sweep = draw_sweep(rng, frames, share)
    nerve = draw_nerve(rng, sweep.shift)
    boundaries = _boundaries(rng, sweep, nerve)
    return Neck(
        key=(seed, number),
        sweep=sweep,
        boundaries=boundaries,
        lines=_lines(rng),
        base=_bases(rng),
        fibres=(_fibres(rng, 0.05), _fibres(rng, 0.14)),
        streaks=(float(rng.uniform(1.5, 3)), float(rng.uniform(1.5, 3.5))),
        vessels=_vessels(rng, sweep, nerve),
        nerve=nerve,
        machine=_machine(rng),
    )


def _boundaries(rng: np.random.Generator, sweep: Sweep, nerve: Nerve) -> Array:
    top = min(float(nerve.outline(f)[:, 1].min()) for f in np.flatnonzero(sweep.nerve))
    column = int(np.clip(nerve.poses[0].centre[1], 0, SHAPE[1] - 1))
    fascia = float(np.clip(top - rng.uniform(4, 14), 44, min(112, rng.normal(92, 14) + 14)))
    fat = fascia * rng.uniform(0.45, 0.65)
    rows = [fascia * rng.uniform(0.12, 0.2), fat, fascia, *np.cumsum([0, 0, 0])]
    rows[3] = fascia + rng.uniform(130, 210)
    rows[4] = rows[3] + rng.uniform(50, 100)
    rows[5] = rows[4] + 80
    found = np.empty((len(sweep), len(rows), SHAPE[1]), dtype=np.float32)
    across = np.linspace(-1, 1, SHAPE[1], dtype=np.float32)
    tilt, bow = rng.normal(0, 5), rng.normal(0, 4)
    for layer, (row, wave) in enumerate(zip(rows, (0.8, 2.5, 4, 10, 14, 14), strict=True)):
        waves = wave * curves(rng, len(sweep), SHAPE[1], (3, int(rng.integers(3, 7))))
        depth = min(layer, 3) / 2
        plane = row + depth * (tilt * across + bow * across**2) + waves
        if layer == 2:  # noqa: PLR2004 - the strong fascia lies just over the nerve
            plane += row - plane[:, column].mean()
        moved = sweep.shift[:, :1] * min(layer / 2, 1)
        found[:, layer] = plane + moved
    return np.maximum.accumulate(found + np.arange(6, dtype=np.float32)[:, None] * 4, axis=1)


def _lines(rng: np.random.Generator) -> Array:
    level = np.array([8, 10, 17, 11, 8, 0], dtype=np.float32)[:, None]
    level = level + rng.normal(0, 2, (6, 1)).astype(np.float32)
    return level + 3.5 * curves(rng, 6, CANVAS[1], (6, 12))


def _bases(rng: np.random.Generator) -> Array:
    usual = np.array([9, -1, 1, 0, -3, -5, -7], dtype=np.float32)
    return usual + rng.normal(0, 1.5, 7).astype(np.float32)


def _fibres(rng: np.random.Generator, steep: float) -> Weave:
    sigma = (float(rng.uniform(1.2, 2.0)), float(rng.uniform(10, 24)))
    return Weave(sigma, float(rng.normal(0, steep)))


def _vessels(rng: np.random.Generator, sweep: Sweep, nerve: Nerve) -> list[Vessel]:
    found = []
    for _ in range(int(rng.choice(3, p=[0.45, 0.42, 0.13]))):
        down, across = rng.uniform(11, 26), rng.uniform(13, 36)
        side = -1 if rng.random() < 0.65 else 1  # noqa: PLR2004
        room = max(pose.axes[0] for pose in nerve.poses) * 0.85 + across
        column = nerve.poses[0].centre[1] + side * (room + rng.uniform(15, 110))
        row = rng.uniform(150, 290)
        wander = curves(rng, 2, len(sweep), (3, 3)).T * np.array([6, 9], dtype=np.float32)
        path = np.array([row, column], dtype=np.float32) + wander + sweep.shift
        found.append(Vessel(path.astype(np.float32), (float(down), float(across))))
    return found


def _machine(rng: np.random.Generator) -> Machine:
    across = np.arange(SHAPE[1], dtype=np.float32)
    shadow = np.zeros_like(across)
    if rng.random() < 0.4:  # noqa: PLR2004 - one probe in a few touches badly at a side
        edge = rng.uniform(25, 90)
        from_side = across if rng.random() < 0.5 else SHAPE[1] - 1 - across  # noqa: PLR2004
        shadow += rng.uniform(6, 16) / (1 + np.exp((from_side - edge) / rng.uniform(6, 20)))
    return Machine(
        gain=float(rng.normal(0, 2.0)),
        reach=float(rng.uniform(50, 64)),
        fade=float(rng.uniform(6, 18)),
        beam=float(rng.uniform(0.8, 1.25)),
        noise=float(rng.uniform(-38, -30)),
        smoothing=float(rng.uniform(0.5, 0.9)),
        shadow=shadow.astype(np.float32),
    )
