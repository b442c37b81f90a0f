"""From tissue to a B-mode frame: scatterers, point spread, envelope, compensation, compression."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.data.simulated.anatomy import SHAPE, Machine, Neck
from nerveseg.data.simulated.fields import Array, between, blur, speckle_plane
from nerveseg.data.simulated.tissue import Tissue

_PAD: Final = 40
"""Scatterers beyond the frame, for tissue that the probe's motion brings into it."""
_FRAMES_PER_PLANE: Final = 6
"""Frames after which the beam's slice holds other scatterers."""
_SPREADS: Final = ((0.85, 1.9), (1.1, 2.1), (1.8, 4.6))
"""Point spread (down, across) in pixels near the probe, at the focus and at the bottom."""
_WHITE: Final = 27.5
"""Level, decibels over muscle, that the middle setting of the gain shows as white."""
_LIFT: Final = 0.0016
"""Bend of the grey map: black is never quite black, and bright lines stand out."""
_PER_DECIBEL: Final = np.float32(np.log(10) / 20)
_DECIBELS: Final = np.float32(10 / np.log(10))


def scan(neck: Neck, tissue: Tissue, frame: int) -> NDArray[np.uint8]:
    """Return the B-mode image of `tissue`, 420 x 580 uint8."""
    machine = neck.machine
    real, imaginary = _scatterers(neck, frame)
    loss = _lost(tissue.echo, machine)
    amplitude = cv2.exp((tissue.echo - loss) * _PER_DECIBEL)
    kept = cv2.exp(-loss * _PER_DECIBEL)
    received = _spread(real * amplitude, machine) + _spread(tissue.mirror * kept, machine, 1.5)
    power = received**2 + _spread(imaginary * amplitude, machine) ** 2
    power += _noise(real, imaginary, machine)
    # Compounding: scanners average several looks, which fills the black holes of speckle.
    power = 0.25 * power + 0.75 * blur(power, (1.1, 1.7))
    return _displayed(_DECIBELS * cv2.log(power), machine)


def _scatterers(neck: Neck, frame: int) -> tuple[Array, Array]:
    plane, one, other = between(frame / _FRAMES_PER_PLANE)
    size = (SHAPE[0] + 2 * _PAD, SHAPE[1] + 2 * _PAD)
    near, far = (speckle_plane((*neck.key, plane + k), size) for k in (0, 1))
    top, left = (round(_PAD - float(v)) for v in np.clip(neck.sweep.shift[frame], -_PAD, _PAD))
    cut = (slice(None), slice(top, top + SHAPE[0]), slice(left, left + SHAPE[1]))
    mixed = near[cut] * np.float32(one) + far[cut] * np.float32(other)
    return mixed[0], mixed[1]


def _noise(real: Array, imaginary: Array, machine: Machine) -> Array:
    """Return the power of the receiver's noise: the scatterers turned round stand in for it."""
    level = np.float32(10 ** (machine.noise / 10) / 2)
    return (level * (real**2 + imaginary**2) + np.float32(0.1) * level)[::-1, ::-1]


def _lost(echo: Array, machine: Machine) -> Array:
    """Return the decibels lost on the way down and back, as compensation leaves them.

    Bright tissue takes more than muscle: what lies under a thick fascia is in its shadow.
    """
    small = cv2.resize(echo, (SHAPE[1] // 4, SHAPE[0] // 4), interpolation=cv2.INTER_AREA)
    passed = blur(np.cumsum(0.012 * np.clip(small, 0, 12), axis=0, dtype=np.float32), (1.0, 2.0))
    full = cv2.resize(passed, SHAPE[::-1], interpolation=cv2.INTER_LINEAR)
    depth = np.linspace(0, 1, SHAPE[0], dtype=np.float32)[:, None]
    lost = full + machine.shadow + np.float32(machine.fade) * depth**1.5
    return np.asarray(lost, dtype=np.float32)


def _spread(field: Array, machine: Machine, gain: float = 0.0) -> Array:
    """Return `field` under the depth-dependent point spread; white noise keeps its variance."""
    depth = np.arange(SHAPE[0], dtype=np.float32)[:, None]
    focus = np.clip(depth / 130, 0, 1)
    deep = np.clip((depth - 130) / 260, 0, 1)
    found = np.zeros_like(field)
    for weight, (down, across) in zip((1 - focus, focus - deep, deep), _SPREADS, strict=True):
        sigma = (down, across * machine.beam)
        scale = gain or 2 * np.sqrt(np.pi * sigma[0] * sigma[1])
        found += weight * np.float32(scale) * blur(field, sigma)
    return found


def _displayed(level: Array, machine: Machine) -> NDArray[np.uint8]:
    """Return decibels as grey levels: log compression, smoothing, and the probe's marker."""
    grey = 255 + (level + np.float32(machine.gain - _WHITE)) * np.float32(255 / machine.reach)
    grey += np.float32(_LIFT) * (grey - 90) ** 2
    image = np.clip(blur(grey, (machine.smoothing, machine.smoothing)), 0, 255).astype(np.uint8)
    marker = np.array([[284, 3], [296, 3], [290, 12]], dtype=np.int32)
    cv2.fillPoly(image, [marker], 235, lineType=cv2.LINE_AA)
    cv2.polylines(image, [marker], isClosed=True, color=30, lineType=cv2.LINE_AA)
    return image
