"""Laying nerve, vessels and bone over the layers of a frame.

Every function changes the frame's two maps in place; see `Tissue` for what they hold.
"""

import cv2
import numpy as np

from nerveseg.data.simulated.anatomy import SHAPE, Bone, Oval
from nerveseg.data.simulated.fields import Array, blur
from nerveseg.data.simulated.nerve import Nerve, filled

Window = tuple[slice, slice]


def lay_nerve(echo: Array, mirror: Array, nerve: Nerve, frame: int, visible: float) -> None:
    """Lay the nerve into a frame's maps.

    Args:
        echo: echogenicity, 420 x 580, decibels.
        mirror: surfaces, 420 x 580, amplitudes.
        nerve: what to lay.
        frame: of its sweep.
        visible: in [0, 1], how much of its contrast to show.
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
    # The sheath mirrors where it lies across the beam: at its top and at its bottom.
    across = np.abs(cv2.Sobel(inside, cv2.CV_32F, 0, 1)) - np.float32(0.35)
    surface *= 1 - visible * inside
    surface += visible * 1.2 * np.maximum(across, 0)


def lay_oval(echo: Array, mirror: Array, oval: Oval, frame: int) -> None:
    """Lay a vessel or another oval into a frame's maps."""
    row, column = (float(v) for v in oval.path[frame])
    down, across = oval.axes
    reach = np.array([across + 10, down + 10], dtype=np.float32)
    centre = np.array([column, row], dtype=np.float32)
    window = _window(centre - reach, centre + reach)
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
    # Blood takes next to nothing of the sound: what lies under a vessel shines.
    shine = np.float32(-oval.level / 200) * lumen.sum(axis=0)
    echo[window[0].stop - 8 :, window[1]] += shine
    mirror[window[0].stop - 8 :, window[1]] *= 1 + np.float32(0.1) * shine


def lay_bone(echo: Array, mirror: Array, bone: Bone, boundary: Array, right: float) -> None:
    """Lay a bone into a frame's maps: a bright edge and next to nothing below it.

    Args:
        echo: echogenicity, 420 x 580, decibels.
        mirror: surfaces, 420 x 580, amplitudes.
        bone: what to lay.
        boundary: 580, rows of the boundary that it lies on.
        right: how far tissue has moved, pixels.
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
