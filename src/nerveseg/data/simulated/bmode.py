"""Renders tissue as a B-mode frame: scatterers, point spread, envelope, gain, log compression."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.data.simulated.anatomy import SHAPE, Neck, Scanner
from nerveseg.data.simulated.fields import Array, between, blur, speckle_plane
from nerveseg.data.simulated.tissue import Tissue

_PAD: Final = 40
"""Margin of scatterers around the frame, for tissue that the probe's motion brings into view."""
_FRAMES_PER_PLANE: Final = 6
"""Number of frames after which the imaged slice contains different scatterers."""
_SPREADS: Final = ((0.85, 1.9), (1.1, 2.1), (1.8, 4.6))
"""Sigma (down, across) of the point spread in pixels: at the probe, the focus and the bottom."""
_WHITE: Final = 27.5
"""Level, in dB relative to muscle, that is shown as white at a gain of 0 dB."""
_LIFT: Final = 0.0016
"""Curvature of the grey map, which lifts black slightly and emphasises bright lines."""
_PER_DECIBEL: Final = np.float32(np.log(10) / 20)
_DECIBELS: Final = np.float32(10 / np.log(10))


def scan(neck: Neck, tissue: Tissue, frame: int) -> NDArray[np.uint8]:
    """Return the B-mode image of `tissue`, 420 x 580 uint8."""
    scanner = neck.scanner
    real, imaginary = _scatterers(neck, frame)
    loss = _lost(tissue.echo, scanner)
    amplitude = cv2.exp((tissue.echo - loss) * _PER_DECIBEL)
    kept = cv2.exp(-loss * _PER_DECIBEL)
    received = _spread(real * amplitude, scanner) + _spread(tissue.mirror * kept, scanner, 1.5)
    power = received**2 + _spread(imaginary * amplitude, scanner) ** 2
    power += _noise(real, imaginary, scanner)
    # Spatial compounding: scanners average several views, which fills the dark gaps of speckle.
    power = 0.25 * power + 0.75 * blur(power, (1.1, 1.7))
    return _displayed(_DECIBELS * cv2.log(power), scanner)


def _scatterers(neck: Neck, frame: int) -> tuple[Array, Array]:
    plane, one, other = between(frame / _FRAMES_PER_PLANE)
    size = (SHAPE[0] + 2 * _PAD, SHAPE[1] + 2 * _PAD)
    near, far = (speckle_plane((*neck.key, plane + k), size) for k in (0, 1))
    top, left = (round(_PAD - float(v)) for v in np.clip(neck.sweep.shift[frame], -_PAD, _PAD))
    cut = (slice(None), slice(top, top + SHAPE[0]), slice(left, left + SHAPE[1]))
    mixed = near[cut] * np.float32(one) + far[cut] * np.float32(other)
    return mixed[0], mixed[1]


def _noise(real: Array, imaginary: Array, scanner: Scanner) -> Array:
    """Return the power of the receiver's noise, made of the scatterers rotated by 180 degrees."""
    level = np.float32(10 ** (scanner.noise / 10) / 2)
    return (level * (real**2 + imaginary**2) + np.float32(0.1) * level)[::-1, ::-1]


def _lost(echo: Array, scanner: Scanner) -> Array:
    """Return the loss per pixel in dB that remains after time-gain compensation.

    Bright tissue attenuates more than muscle, so a thick fascia casts a shadow.
    """
    small = cv2.resize(echo, (SHAPE[1] // 4, SHAPE[0] // 4), interpolation=cv2.INTER_AREA)
    passed = blur(np.cumsum(0.012 * np.clip(small, 0, 12), axis=0, dtype=np.float32), (1.0, 2.0))
    full = cv2.resize(passed, SHAPE[::-1], interpolation=cv2.INTER_LINEAR)
    depth = np.linspace(0, 1, SHAPE[0], dtype=np.float32)[:, None]
    lost = full + scanner.shadow + np.float32(scanner.fade) * depth**1.5
    return np.asarray(lost, dtype=np.float32)


def _spread(field: Array, scanner: Scanner, gain: float = 0.0) -> Array:
    """Return `field` blurred by the depth-dependent point spread; noise keeps its variance."""
    depth = np.arange(SHAPE[0], dtype=np.float32)[:, None]
    focus = np.clip(depth / 130, 0, 1)
    deep = np.clip((depth - 130) / 260, 0, 1)
    found = np.zeros_like(field)
    for weight, (down, across) in zip((1 - focus, focus - deep, deep), _SPREADS, strict=True):
        sigma = (down, across * scanner.beam)
        scale = gain or 2 * np.sqrt(np.pi * sigma[0] * sigma[1])
        found += weight * np.float32(scale) * blur(field, sigma)
    return found


def _displayed(level: Array, scanner: Scanner) -> NDArray[np.uint8]:
    """Return levels in dB as grey levels: log compression, smoothing, and the probe's marker."""
    grey = 255 + (level + np.float32(scanner.gain - _WHITE)) * np.float32(
        255 / scanner.dynamic_range
    )
    grey += np.float32(_LIFT) * (grey - 90) ** 2
    image = np.clip(blur(grey, (scanner.smoothing, scanner.smoothing)), 0, 255).astype(np.uint8)
    marker = np.array([[284, 3], [296, 3], [290, 12]], dtype=np.int32)
    cv2.fillPoly(image, [marker], 235, lineType=cv2.LINE_AA)
    cv2.polylines(image, [marker], isClosed=True, color=30, lineType=cv2.LINE_AA)
    return image
