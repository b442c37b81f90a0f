"""The neck of one subject: layers, vessels and nerve, and the settings of its scan."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nerveseg.data.simulated.fields import Array, Weave, curves, generator
from nerveseg.data.simulated.nerve import Nerve, draw_nerve
from nerveseg.data.simulated.sweep import Sweep, draw_sweep

SHAPE = (420, 580)
CANVAS = (480, 720)
"""Size of the textures, in canonical rows and columns. On the canvas, the layers are flat."""
MARGIN = 70
"""Columns of the canvas to the left of the frame's first."""
LEVELS = (16.0, 52.0, 96.0, 280.0, 400.0, 460.0)
"""Canonical rows of the boundaries: skin, fat, strong fascia, deep fascia, deep tissue, end."""


class Oval(NamedTuple):
    """The cross-section of something round: a vessel, or a lymph node that resembles a nerve.

    Attributes:
        path: F x 2, centre (row, column) in every frame, in pixels.
        axes: semi-axes (down, across) in pixels.
        level: echogenicity of the inside, in dB relative to muscle.
        wall: brightness of its wall, in dB.
    """

    path: Array
    axes: tuple[float, float]
    level: float
    wall: float


class Bone(NamedTuple):
    """A rib or a transverse process, with an acoustic shadow below.

    Attributes:
        column: column of its centre.
        width: half its width, in pixels.
        height: how far it protrudes above the boundary on which it lies, in pixels.
    """

    column: float
    width: float
    height: float


@dataclass(frozen=True)
class Scanner:
    """Settings of the scanner.

    Attributes:
        gain: gain in dB.
        dynamic_range: from black to white, in dB.
        fade: loss from top to bottom that time-gain compensation leaves, in dB.
        beam: factor on the lateral width of the point spread.
        noise: level of the receiver's noise at full compensation, in dB.
        smoothing: sigma of the smoothing after log compression, in pixels.
        shadow: 580, loss per column where the probe has poor contact, in dB.
    """

    gain: float
    dynamic_range: float
    fade: float
    beam: float
    noise: float
    smoothing: float
    shadow: Array


@dataclass(frozen=True)
class Neck:
    """One subject.

    Attributes:
        key: (seed, number of the subject), the key of textures and speckle.
        sweep: motion of the probe.
        boundaries: F x 6 x 580, rows of the layers' boundaries (see `LEVELS`).
        lines: 5 x 720, amplitude of the reflection from the first five boundaries.
        base: 7, echogenicity of each layer, in dB relative to muscle.
        fibres: textures of the muscle above and below the strong fascia.
        streaks: dB per standard deviation of fibre texture, above and below it.
        ovals: vessels and lymph nodes.
        bones: bones on the boundary to deep tissue.
        nerve: its course, including the frames that do not show it.
        scanner: settings of the scanner.
    """

    key: tuple[int, int]
    sweep: Sweep
    boundaries: Array
    lines: Array
    base: Array
    fibres: tuple[Weave, Weave]
    streaks: tuple[float, float]
    ovals: list[Oval]
    bones: list[Bone]
    nerve: Nerve
    scanner: Scanner


def draw_neck(seed: int, number: int, frames: int, share: float) -> Neck:
    """Return subject `number` with a sweep of `frames` frames.

    Args:
        seed: seed of the competition.
        number: number of the subject.
        frames: length of the sweep.
        share: fraction of the frames that show the nerve.
    """
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
        streaks=(float(rng.uniform(1.5, 3)), float(rng.uniform(1.8, 3.5))),
        ovals=_ovals(rng, sweep, nerve),
        bones=_bones(rng),
        nerve=nerve,
        scanner=_scanner(rng),
    )


def _boundaries(rng: np.random.Generator, sweep: Sweep, nerve: Nerve) -> Array:
    top = min(float(nerve.outline(f)[:, 1].min()) for f in np.flatnonzero(sweep.nerve).tolist())
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
        if layer == 2:  # noqa: PLR2004 - the strong fascia lies just above the nerve
            plane += row - plane[:, column].mean()
        moved = sweep.shift[:, :1] * min(layer / 2, 1)
        found[:, layer] = plane + moved
    # Every layer is at least five pixels thick.
    least = 5 * np.arange(6, dtype=np.float32)[:, None]
    return np.maximum.accumulate(found - least, axis=1) + least


def _lines(rng: np.random.Generator) -> Array:
    usual = np.array([3, 4, 11, 4, 2.5], dtype=np.float32)[:, None]
    level = usual * np.exp(rng.normal(0, 0.25, (5, 1))).astype(np.float32)
    uneven = np.exp(0.45 * curves(rng, 5, CANVAS[1], (5, 14)))
    return np.asarray(level * uneven, dtype=np.float32)


def _bases(rng: np.random.Generator) -> Array:
    usual = np.array([13, 8, 6, -1, -3, -4, -5], dtype=np.float32)
    return usual + rng.normal(0, 1.3, 7).astype(np.float32)


def _fibres(rng: np.random.Generator, steep: float) -> Weave:
    sigma = (float(rng.uniform(1.2, 2.0)), float(rng.uniform(10, 24)))
    return Weave(sigma, float(rng.normal(0, steep)))


def _ovals(rng: np.random.Generator, sweep: Sweep, nerve: Nerve) -> list[Oval]:
    vessels = [_oval(rng, sweep, nerve, -26, 8) for _ in range(rng.choice(3, p=(0.4, 0.45, 0.15)))]
    return vessels + [_oval(rng, sweep, nerve, -6, 2) for _ in range(rng.choice(2, p=(0.6, 0.4)))]


def _oval(rng: np.random.Generator, sweep: Sweep, nerve: Nerve, level: float, wall: float) -> Oval:
    axes = (float(rng.uniform(13, 26)), float(rng.uniform(17, 40)))
    # Beside the nerve at its position in this sweep, even while the nerve is out of view.
    room = max(pose.axes[0] for pose in nerve.poses) * 0.85 + axes[1] + rng.uniform(15, 110)
    column = nerve.poses[0].centre[1] + room * rng.choice((-1, 1), p=(0.6, 0.4))
    wander = curves(rng, 2, len(sweep), (3, 3)).T * np.array([6, 9], dtype=np.float32)
    path = np.array([rng.uniform(150, 290), column], dtype=np.float32) + wander + sweep.shift
    return Oval(path, axes, float(rng.normal(level, 2)), wall)


def _bones(rng: np.random.Generator) -> list[Bone]:
    count = rng.choice(2, p=(0.65, 0.35))
    return [
        Bone(*(float(rng.uniform(*span)) for span in ((40, 540), (25, 70), (5, 30))))
        for _ in range(count)
    ]


def _scanner(rng: np.random.Generator) -> Scanner:
    across = np.arange(SHAPE[1], dtype=np.float32)
    shadow = np.zeros_like(across)
    if rng.random() < 0.4:  # noqa: PLR2004 - share of probes with poor contact at a side
        edge = rng.uniform(25, 90)
        from_side = across if rng.random() < 0.5 else SHAPE[1] - 1 - across  # noqa: PLR2004
        lost = rng.uniform(3, 8) * (1 - np.tanh((from_side - edge) / rng.uniform(12, 40)))
        shadow += lost.astype(np.float32)
    return Scanner(
        gain=float(rng.normal(0, 2.0)),
        dynamic_range=float(rng.uniform(42, 52)),
        fade=float(rng.uniform(4, 14)),
        beam=float(rng.uniform(0.8, 1.25)),
        noise=float(rng.uniform(-20, -13)),
        smoothing=float(rng.uniform(0.6, 1.0)),
        shadow=shadow.astype(np.float32),
    )
