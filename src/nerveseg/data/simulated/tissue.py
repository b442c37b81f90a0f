"""The tissue under the probe in one frame: echogenicity and specular surfaces per pixel.

The layers come first; the functions `add_...` then change the maps in place.
"""

from typing import Final, NamedTuple

import cv2
import numpy as np

from nerveseg.data.simulated.anatomy import CANVAS, LEVELS, MARGIN, SHAPE, Bone, Neck, Oval
from nerveseg.data.simulated.fields import Array, Weave, between, blur, texture_plane
from nerveseg.data.simulated.nerve import Nerve, filled

_PATCHES: Final = Weave((11.0, 26.0), 0.0)
_SEPTA: Final = Weave((3.2, 38.0), 0.0)
_PLANES: Final = 4
"""Number of independent planes of every texture along a long sweep."""
_FRAMES_PER_PLANE: Final = 12
"""Minimum number of frames from one plane to the next: neighbouring frames must look alike."""
_SPLIT: Final = round(LEVELS[2])
_WIDTHS: Final = np.array([2.0, 1.2, 2.3, 1.6, 1.8], dtype=np.float32)
"""Thickness of the surface on every boundary, in canonical rows."""
_SEPTA_LEVEL: Final = np.array([1.0, 6.0, 3.5, 1.5, 0.8, 0.4, 0.3], dtype=np.float32)
"""Amplitude of the reflection from the septa (thin sheets of connective tissue), per layer."""


Window = tuple[slice, slice]


class Tissue(NamedTuple):
    """One frame's maps, each 420 x 580 float32.

    Attributes:
        echo: echogenicity of scatterers, in dB relative to muscle.
        mirror: amplitude of specular reflection from smooth surfaces; the scatter of muscle is 1.
    """

    echo: Array
    mirror: Array


def paint(neck: Neck, frame: int) -> Tissue:
    """Return the tissue under the probe in `frame` of the sweep over `neck`."""
    tissue = _layers(neck, frame)
    for bone in neck.bones:
        add_bone(*tissue, bone, neck.boundaries[frame, 4], float(neck.sweep.shift[frame, 1]))
    for oval in neck.ovals:
        add_oval(*tissue, oval, frame)
    visible = float(neck.sweep.visible[frame])
    if visible > 0:
        add_nerve(*tissue, neck.nerve, frame, visible)
    return tissue


def _layers(neck: Neck, frame: int) -> Tissue:
    flat = _flat(neck, frame / max(len(neck.sweep) / (_PLANES - 1), _FRAMES_PER_PLANE))
    rows, columns = _canonical(neck.boundaries[frame], float(neck.sweep.shift[frame, 1]))
    echo, mirror = (_sampled(flat_map, rows, columns) for flat_map in flat)
    # A sloping surface reflects the sound past the probe.
    mirror *= np.exp(-60 * np.gradient(neck.boundaries[frame, 2]) ** 2)
    return Tissue(echo, mirror)


def _sampled(flat_map: Array, rows: Array, columns: Array) -> Array:
    found = cv2.remap(flat_map, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(found, dtype=np.float32)


def _flat(neck: Neck, position: float) -> Tissue:
    """Return the maps on the canvas, where the layers are flat."""
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


def _woven(neck: Neck, texture: int, weave: Weave, position: float) -> Array:
    below, one, other = between(position)
    planes = [texture_plane((*neck.key, texture, below + k), CANVAS, weave) for k in (0, 1)]
    return np.asarray(cv2.addWeighted(planes[0], one, planes[1], other, 0), dtype=np.float32)


def _streaks(field: Array) -> Array:
    # Muscle is dark with short bright streaks, the crests of the field.
    streaks = np.maximum(field - np.float32(0.8), 0) * 3 + np.float32(0.5) * field
    return np.asarray(streaks, dtype=np.float32)


def _ridges(field: Array) -> Array:
    """Return thin, winding lines (1 on the line, 0 elsewhere) where `field` crosses 0."""
    steep = np.abs(cv2.Sobel(field, cv2.CV_32F, 0, 1, scale=1 / 8)) + np.float32(0.05)
    ridges = np.maximum(1 - np.abs(field) / (np.float32(1.3) * steep), 0)
    return np.asarray(ridges, dtype=np.float32)


def _profile(values: Array) -> Array:
    """Return the layers' values by canonical row (480 x 1), with smooth steps between layers."""
    rows = np.arange(CANVAS[0], dtype=np.float32)[:, None]
    steps = 0.5 + 0.5 * np.tanh((rows - np.array(LEVELS, dtype=np.float32)) / 4)
    stepped = values[0] + (steps * np.diff(values)).sum(axis=1, keepdims=True)
    return np.asarray(stepped, dtype=np.float32)


def _canonical(boundaries: Array, right: float) -> tuple[Array, Array]:
    """Return the row and column on the canvas of every pixel.

    Rows are piecewise linear between the boundaries, and are computed at half the resolution.
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


def add_nerve(echo: Array, mirror: Array, nerve: Nerve, frame: int, visible: float) -> None:
    """Add the nerve to the maps of a frame.

    Args:
        echo: 420 x 580 echogenicity in dB.
        mirror: 420 x 580 amplitudes of surfaces.
        nerve: the nerve.
        frame: index of the frame in the sweep.
        visible: in [0, 1], fraction of its contrast to show.
    """
    outline = nerve.outline(frame)
    window = _window(outline.min(axis=0) - 12, outline.max(axis=0) + 12)
    corner = np.array([window[1].start, window[0].start], dtype=np.float32)
    local, surface = echo[window], mirror[window]
    inside = blur(filled(outline - corner, local.shape).astype(np.float32), (1.8, 1.8))
    bundles, walls = np.zeros_like(inside), np.zeros_like(inside)
    for bundle, centre in zip(nerve.fascicles, nerve.centres(frame) - corner, strict=True):
        x, y = (round(16 * float(v)) for v in centre)
        cv2.circle(bundles, (x, y), round(16 * bundle.radius), bundle.depth, -1, shift=4)
        cv2.circle(walls, (x, y), round(16 * bundle.radius + 24), 1.0, 2, shift=4)
    held = 0.4 * local + nerve.between - blur(bundles, (1.3, 1.3)) + 3 * blur(walls, (1.0, 1.0))
    edge = 4 * inside * (1 - inside)
    local += visible * (inside * (held - local) + nerve.sheath * edge)
    # The sheath reflects where it is perpendicular to the beam: at its top and bottom.
    across = np.abs(cv2.Sobel(inside, cv2.CV_32F, 0, 1)) - np.float32(0.35)
    surface *= 1 - visible * inside
    surface += visible * 1.2 * np.maximum(across, 0)


def add_oval(echo: Array, mirror: Array, oval: Oval, frame: int) -> None:
    """Add a vessel or another oval to the maps of a frame."""
    row, column = (float(v) for v in oval.path[frame])
    down, across = oval.axes
    margin = np.array([across + 10, down + 10], dtype=np.float32)
    centre = np.array([column, row], dtype=np.float32)
    window = _window(centre - margin, centre + margin)
    y = np.arange(window[0].start, window[0].stop, dtype=np.float32)[:, None] - row
    x = np.arange(window[1].start, window[1].stop, dtype=np.float32)[None] - column
    radius = np.sqrt((y / down) ** 2 + (x / across) ** 2)
    lumen = np.clip((1 - radius) * down / 3 + 0.5, 0, 1)
    wall = np.exp(-(((radius - 1.05) * down / 2.2) ** 2))
    facing = np.abs(y) / np.hypot(y, x + 1e-3)
    local, surface = echo[window], mirror[window]
    local += lumen * (oval.level - 0.7 * local) + oval.wall * wall
    surface *= 1 - lumen
    surface += oval.wall * 0.25 * wall * facing**4
    # Blood hardly attenuates sound, so tissue below a vessel is brighter (enhancement).
    shine = np.float32(-oval.level / 200) * lumen.sum(axis=0)
    echo[window[0].stop - 8 :, window[1]] += shine
    mirror[window[0].stop - 8 :, window[1]] *= 1 + np.float32(0.1) * shine


def add_bone(echo: Array, mirror: Array, bone: Bone, boundary: Array, right: float) -> None:
    """Add a bone to the maps of a frame: a bright edge with a shadow below.

    Args:
        echo: 420 x 580 echogenicity in dB.
        mirror: 420 x 580 amplitudes of surfaces.
        bone: the bone.
        boundary: 580, row of the boundary on which it lies, per column.
        right: displacement of the tissue to the right, in pixels.
    """
    x = np.arange(SHAPE[1], dtype=np.float32) - np.float32(bone.column + right)
    top = boundary - bone.height * np.exp(-((x / bone.width) ** 2))
    inside = 0.5 - 0.5 * np.tanh((np.abs(x) - bone.width) / 10)
    below = np.arange(SHAPE[0], dtype=np.float32)[:, None] - top
    shadow = 1 / (1 + np.exp(-np.clip(below / 3, -30, 30)))
    echo -= (22 * inside * shadow).astype(np.float32)
    mirror *= (1 - inside * shadow).astype(np.float32)
    mirror += (7 * inside * np.exp(-((below / 2.2) ** 2))).astype(np.float32)


def _window(low: Array, high: Array) -> Window:
    left, top = (min(max(int(v), 0), size) for v, size in zip(low, SHAPE[::-1], strict=True))
    right, bottom = (
        min(max(int(np.ceil(v)), first), size)
        for v, first, size in zip(high, (left, top), SHAPE[::-1], strict=True)
    )
    return slice(top, bottom), slice(left, right)
