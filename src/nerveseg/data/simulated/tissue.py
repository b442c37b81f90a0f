"""What lies under the probe in one frame: echogenicity and mirror-like surfaces, per pixel."""

from typing import Final, NamedTuple

import cv2
import numpy as np

from nerveseg.data.simulated.anatomy import CANVAS, LEVELS, MARGIN, SHAPE, Neck
from nerveseg.data.simulated.fields import Array, Weave, between, texture_plane
from nerveseg.data.simulated.overlay import lay_bone, lay_nerve, lay_oval

_PATCHES: Final = Weave((11.0, 26.0), 0.0)
_SEPTA: Final = Weave((3.2, 38.0), 0.0)
_PLANES: Final = 4
"""Independent planes of every texture from one end of a long sweep to the other."""
_FRAMES_PER_PLANE: Final = 12
"""The fewest frames from one of them to the next: neighbouring frames look alike."""
_SPLIT: Final = round(LEVELS[2])
_WIDTHS: Final = np.array([2.0, 1.2, 2.3, 1.6, 1.8], dtype=np.float32)
"""Thickness of the surface on every boundary, canonical rows."""
_SEPTA_LEVEL: Final = np.array([1.0, 6.0, 3.5, 1.5, 0.8, 0.4, 0.3], dtype=np.float32)
"""Strength of the thin sheets of connective tissue in every layer, as an amplitude."""


class Tissue(NamedTuple):
    """One frame's maps, each 420 x 580 float32.

    Attributes:
        echo: echogenicity of scatterers, decibels over muscle.
        mirror: amplitude of smooth surfaces, which reflect as a whole; muscle scatters 1.
    """

    echo: Array
    mirror: Array


def paint(neck: Neck, frame: int) -> Tissue:
    """Return what lies under the probe in `frame` of the sweep over `neck`."""
    tissue = _layers(neck, frame)
    for bone in neck.bones:
        lay_bone(*tissue, bone, neck.boundaries[frame, 4], float(neck.sweep.shift[frame, 1]))
    for oval in neck.ovals:
        lay_oval(*tissue, oval, frame)
    visible = float(neck.sweep.visible[frame])
    if visible > 0:
        lay_nerve(*tissue, neck.nerve, frame, visible)
    return tissue


def _layers(neck: Neck, frame: int) -> Tissue:
    flat = _flat(neck, frame / max(len(neck.sweep) / (_PLANES - 1), _FRAMES_PER_PLANE))
    rows, columns = _canonical(neck.boundaries[frame], float(neck.sweep.shift[frame, 1]))
    echo, mirror = (_sampled(flat_map, rows, columns) for flat_map in flat)
    # A surface that slopes sends its echo past the probe.
    mirror *= np.exp(-60 * np.gradient(neck.boundaries[frame, 2]) ** 2)
    return Tissue(echo, mirror)


def _sampled(flat_map: Array, rows: Array, columns: Array) -> Array:
    found = cv2.remap(flat_map, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(found, dtype=np.float32)


def _flat(neck: Neck, position: float) -> Tissue:
    """Return the maps on the canvas, where the layers lie flat."""
    above = _woven(neck, 0, neck.fibres[0], position)[:_SPLIT]
    below = _woven(neck, 1, neck.fibres[1], position)[_SPLIT:]
    streaks = np.concatenate([_streaks(above) * neck.streaks[0], _streaks(below) * neck.streaks[1]])
    patches = _woven(neck, 2, _PATCHES, position)
    septa = _ridges(_woven(neck, 3, _SEPTA, position)) * np.clip(0.6 + 0.6 * patches, 0, 2)
    mirror = septa * _profile(_SEPTA_LEVEL)
    for level, line, width in zip(LEVELS, neck.lines, _WIDTHS, strict=False):
        first = int(level) - 12
        away = np.arange(first, first + 25, dtype=np.float32)[:, None] - level
        mirror[first : first + 25] += line * np.exp(-((away / width) ** 2))
    return Tissue(_profile(neck.base) + streaks + 1.8 * patches + 4 * septa, mirror)


def _woven(neck: Neck, number: int, weave: Weave, position: float) -> Array:
    below, one, other = between(position)
    planes = [texture_plane((*neck.key, number, below + k), CANVAS, weave) for k in (0, 1)]
    return np.asarray(cv2.addWeighted(planes[0], one, planes[1], other, 0), dtype=np.float32)


def _streaks(field: Array) -> Array:
    # Muscle is dark with short bright streaks: only the crests of the field stand out.
    streaks = np.maximum(field - np.float32(0.8), 0) * 3 + np.float32(0.5) * field
    return np.asarray(streaks, dtype=np.float32)


def _ridges(field: Array) -> Array:
    """Return thin lines (1 on the line, 0 away) where `field` crosses 0: they wander and fork."""
    steep = np.abs(cv2.Sobel(field, cv2.CV_32F, 0, 1, scale=1 / 8)) + np.float32(0.05)
    ridges = np.maximum(1 - np.abs(field) / (np.float32(1.3) * steep), 0)
    return np.asarray(ridges, dtype=np.float32)


def _profile(values: Array) -> Array:
    """Return, per canonical row (480 x 1), the value of its layer, softly stepped."""
    rows = np.arange(CANVAS[0], dtype=np.float32)[:, None]
    steps = 0.5 + 0.5 * np.tanh((rows - np.array(LEVELS, dtype=np.float32)) / 4)
    stepped = values[0] + (steps * np.diff(values)).sum(axis=1, keepdims=True)
    return np.asarray(stepped, dtype=np.float32)


def _canonical(boundaries: Array, right: float) -> tuple[Array, Array]:
    """Return, for every pixel, its row and column on the canvas.

    Rows are piecewise linear between the boundaries; they are computed at half size.
    """
    y = np.arange(SHAPE[0] // 2, dtype=np.float32)[:, None] * 2 + np.float32(0.5)
    edges = boundaries[:, ::2]
    rows = np.minimum(y * (LEVELS[0] / edges[0]), np.float32(LEVELS[0]))
    for upper, lower, first, last in zip(edges, edges[1:], LEVELS, LEVELS[1:], strict=False):
        rows += np.clip(y - upper, 0, lower - upper) * ((last - first) / (lower - upper))
    rows += np.maximum(y - edges[-1], 0)
    columns = np.arange(SHAPE[1], dtype=np.float32) + np.float32(MARGIN - right)
    full = cv2.resize(rows, SHAPE[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(full, dtype=np.float32), np.repeat(columns[None], SHAPE[0], axis=0)
