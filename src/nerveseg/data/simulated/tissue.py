"""What lies under the probe in one frame: echogenicity and mirror-like surfaces, per pixel."""

from typing import Final, NamedTuple

import cv2
import numpy as np

from nerveseg.data.simulated.anatomy import CANVAS, LEVELS, MARGIN, SHAPE, Neck
from nerveseg.data.simulated.fields import Array, Weave, between, texture_plane
from nerveseg.data.simulated.overlay import lay_nerve, lay_vessel

_PATCHES: Final = Weave((9.0, 22.0), 0.0)
_SEPTA: Final = Weave((6.0, 45.0), 0.0)
_PLANES: Final = 4
"""Independent planes of every texture from one end of a sweep to the other."""
_SOFT: Final = 5.0
_SPLIT: Final = round(LEVELS[2])


class Tissue(NamedTuple):
    """One frame's maps, each 420 x 580 float32.

    Attributes:
        echo: echogenicity, decibels over muscle.
        mirror: strength of smooth surfaces that reflect as a whole, decibels over muscle;
            far below it where there is none.
    """

    echo: Array
    mirror: Array


def paint(neck: Neck, frame: int) -> Tissue:
    """Return what lies under the probe in `frame` of the sweep over `neck`."""
    echo, mirror = _layers(neck, frame)
    for vessel in neck.vessels:
        lay_vessel(echo, mirror, vessel, frame)
    visible = float(neck.sweep.visible[frame])
    if visible > 0:
        lay_nerve(echo, mirror, neck.nerve, frame, visible)
    return Tissue(echo, mirror)


def _layers(neck: Neck, frame: int) -> tuple[Array, Array]:
    position = frame / len(neck.sweep) * (_PLANES - 1)
    flat, lines = _flat(neck, position)
    rows, columns = _canonical(neck.boundaries[frame], float(neck.sweep.shift[frame, 1]))
    echo: Array = cv2.remap(flat, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    mirror: Array = cv2.remap(lines, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    slope = np.gradient(neck.boundaries[frame, 2])
    mirror -= np.minimum(120 * slope**2, 12).astype(np.float32)
    return echo, mirror


def _flat(neck: Neck, position: float) -> tuple[Array, Array]:
    """Return echogenicity and surfaces on the canvas, where the layers lie flat."""
    above = _woven(neck, 0, neck.fibres[0], position)[:_SPLIT]
    below = _woven(neck, 1, neck.fibres[1], position)[_SPLIT:]
    streaks = np.concatenate([_streaks(above) * neck.streaks[0], _streaks(below) * neck.streaks[1]])
    patches = _woven(neck, 2, _PATCHES, position)
    septa = _ridges(_woven(neck, 3, _SEPTA, position))
    strength, base = _profiles(neck.base)
    flat = base + streaks + 1.6 * patches + strength * septa
    lines = np.full(CANVAS, -60, dtype=np.float32)
    for level, line, width in zip(LEVELS, neck.lines, (2.5, 1.6, 2.2, 2.0, 2.2), strict=False):
        first = int(level) - 12
        away = np.arange(first, first + 25, dtype=np.float32)[:, None] - level
        band = line - 4.34 * (away / width) ** 2
        lines[first : first + 25] = np.maximum(lines[first : first + 25], band)
    return flat, lines


def _woven(neck: Neck, number: int, weave: Weave, position: float) -> Array:
    below, one, other = between(position)
    planes = [texture_plane((*neck.key, number, below + k), CANVAS, weave) for k in (0, 1)]
    mixed: Array = cv2.addWeighted(planes[0], one, planes[1], other, 0)
    return mixed


def _streaks(field: Array) -> Array:
    # Muscle is dark with short bright septa: only the crests of the field stand out.
    return np.maximum(field - 0.9, 0) * 3 + 0.35 * field


def _ridges(field: Array) -> Array:
    """Return thin lines (1 on the line, 0 away) where `field` crosses 0: they wander and fork."""
    steep = np.abs(cv2.Sobel(field, cv2.CV_32F, 0, 1, scale=1 / 8)) + 0.02
    return np.maximum(1 - np.abs(field) / (1.8 * steep), 0)


def _profiles(base: Array) -> tuple[Array, Array]:
    """Return, per canonical row, the strength of septa and the echogenicity, each 480 x 1."""
    rows = np.arange(CANVAS[0], dtype=np.float32)[:, None]
    steps = 0.5 + 0.5 * np.tanh((rows - np.array(LEVELS, dtype=np.float32)) / _SOFT)
    levels = base[0] + (steps * np.diff(base)).sum(axis=1, keepdims=True)
    septa = np.array([1, 9, 5, 3, 3, 2, 2], dtype=np.float32)
    strength = septa[0] + (steps * np.diff(septa)).sum(axis=1, keepdims=True)
    return strength.astype(np.float32), levels.astype(np.float32)


def _canonical(boundaries: Array, right: float) -> tuple[Array, Array]:
    """Return, for every pixel, its row and column on the canvas.

    Rows are piecewise linear between the boundaries; they are computed at half size.
    """
    height, width = SHAPE[0] // 2, SHAPE[1] // 2
    y = np.arange(height, dtype=np.float32)[:, None] * 2 + np.float32(0.5)
    edges = boundaries[:, ::2]
    rows = y * (LEVELS[0] / edges[0])
    rows = np.minimum(rows, LEVELS[0])
    for upper, lower, first, last in zip(edges, edges[1:], LEVELS, LEVELS[1:], strict=False):
        rows += np.clip(y - upper, 0, lower - upper) * ((last - first) / (lower - upper))
    columns = np.arange(SHAPE[1], dtype=np.float32) + np.float32(MARGIN - right)
    full = cv2.resize(rows, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR)
    return full, np.repeat(columns[None], SHAPE[0], axis=0)
