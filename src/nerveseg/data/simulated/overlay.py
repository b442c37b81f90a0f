"""Laying nerve and vessels over the layers of a frame."""

import cv2
import numpy as np

from nerveseg.data.simulated.anatomy import SHAPE, Vessel
from nerveseg.data.simulated.fields import Array, blur
from nerveseg.data.simulated.nerve import Nerve

Window = tuple[slice, slice]


def lay_nerve(echo: Array, mirror: Array, nerve: Nerve, frame: int, visible: float) -> None:
    """Lay the nerve into a frame's maps (see `Tissue`), in place.

    Args:
        echo: echogenicity, 420 x 580, decibels.
        mirror: surfaces, 420 x 580, decibels.
        nerve: what to lay.
        frame: of its sweep.
        visible: in [0, 1], how much of its contrast to show.
    """
    outline = nerve.outline(frame)
    window = _window(outline.min(axis=0) - 12, outline.max(axis=0) + 12)
    corner = np.array([window[1].start, window[0].start], dtype=np.float32)
    local = echo[window]
    inside = _soft(outline - corner, local.shape, 1.6)
    pose = nerve.poses[frame]
    bundles, walls = np.zeros_like(inside), np.zeros_like(inside)
    for bundle in nerve.fascicles:
        centre = pose.place(np.float32([bundle.along]), np.float32([bundle.beside]))[0] - corner
        _disc(bundles, centre, bundle.radius, bundle.depth)
        _ring(walls, centre, bundle.radius + 1)
    fine = 0.5 * local + nerve.between - blur(bundles, (1.2, 1.2)) + 4 * blur(walls, (0.9, 0.9))
    edge = inside * (1 - inside) * 4
    local += visible * inside * (fine - local) + visible * 5 * edge
    # The sheath mirrors where it lies across the beam: at its top and at its bottom.
    across = np.abs(cv2.Sobel(inside, cv2.CV_32F, 0, 1))
    surface = mirror[window]
    np.maximum(surface, 10 * across * visible - 60 * (1 - across * visible), out=surface)
    surface -= 40 * visible * np.maximum(inside - 0.9, 0) * 10 * (surface > -50)


def lay_vessel(echo: Array, mirror: Array, vessel: Vessel, frame: int) -> None:
    """Lay a vessel into a frame's maps (see `Tissue`), in place."""
    row, column = vessel.path[frame]
    down, across = vessel.axes
    window = _window(
        np.array([column - across - 10, row - down - 10]),
        np.array([column + across + 10, row + down + 10]),
    )
    if window[0].stop <= window[0].start or window[1].stop <= window[1].start:
        return
    y = np.arange(window[0].start, window[0].stop, dtype=np.float32)[:, None] - row
    x = np.arange(window[1].start, window[1].stop, dtype=np.float32)[None] - column
    radius = np.sqrt((y / down) ** 2 + (x / across) ** 2)
    lumen = np.clip((1 - radius) * down / 3 + 0.5, 0, 1)
    wall = np.exp(-(((radius - 1.06) * down / 2.2) ** 2)) * (
        0.4 + 0.6 * np.abs(y) / (np.abs(y) + np.abs(x) + 1)
    )
    local = echo[window]
    local += lumen * (-26 - local) + 9 * wall
    surface = mirror[window]
    surface -= 60 * lumen * (surface > -50)


def _window(low: Array, high: Array) -> Window:
    left, top = (int(max(v, 0)) for v in low)
    right, bottom = (int(np.ceil(v)) for v in high)
    return slice(top, max(min(bottom, SHAPE[0]), top)), slice(left, max(min(right, SHAPE[1]), left))


def _soft(outline: Array, shape: tuple[int, ...], sigma: float) -> Array:
    mask = np.zeros(shape, dtype=np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 1, shift=4)
    return blur(mask.astype(np.float32), (sigma, sigma))


def _disc(field: Array, centre: Array, radius: float, value: float) -> None:
    x, y = (int(round(16 * float(v))) for v in centre)
    cv2.circle(field, (x, y), round(16 * radius), value, -1, shift=4)


def _ring(field: Array, centre: Array, radius: float) -> None:
    x, y = (int(round(16 * float(v))) for v in centre)
    cv2.circle(field, (x, y), round(16 * radius), 1.0, 1, shift=4)
