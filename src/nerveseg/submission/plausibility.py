"""Compares the outlines of a submission with the training masks: how many, how large, and where.

A well-formed submission can be upside down, shifted, or outline every frame, and the server accepts
it. What differs clearly from the training masks is worth a warning, but is not an error.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg import rle
from nerveseg.errors import InputError
from nerveseg.image_writer import write_image

# Fewer outlines say too little about where outlines lie.
_MIN_OUTLINES: Final = 10
_MOST_SHARE_APART: Final = 0.35
_LEAST_SHARE_RATIO: Final = 0.25
_MOST_AREA_RATIO: Final = 3.0
# A choice, not a measurement: a seventh of the height.
_MOST_SHIFT: Final = 60.0
# A flip is named if it raises the correlation with the training masks' coverage by this much.
_FLIP_MARGIN: Final = 0.3
_FLIPS: Final[dict[str, tuple[int, ...]]] = {
    "upside down": (0,),
    "mirrored": (1,),
    "turned by 180 degrees": (0, 1),
}
_PICTURE_SUFFIXES: Final = (".png", ".jpg", ".webp")
_GAP: Final = 20


class Outlines(NamedTuple):
    """What the masks of many frames have in common.

    Attributes:
        frames: number of frames.
        outlined: number of frames with an outline.
        distinct: number of different outlines.
        area: median number of pixels inside an outline; 0 without outlines.
        coverage: 420 x 580 float64, the share of outlines that contain each pixel.
    """

    frames: int
    outlined: int
    distinct: int
    area: float
    coverage: NDArray[np.float64]

    @classmethod
    def of(cls, masks: Iterable[str]) -> Self:
        """Measure run-length encoded masks, one for each frame; '' is an empty mask.

        Raises:
            InputError: a mask is malformed.
        """
        every = [pixels.strip() for pixels in masks]
        outlines = [pixels for pixels in every if pixels]
        total, areas = np.zeros(rle.IMAGE_SHAPE), []
        for pixels in outlines:
            mask = rle.decode(pixels)
            areas.append(int(np.count_nonzero(mask)))
            total += mask
        area = float(np.median(areas)) if areas else 0.0
        coverage = total / max(len(outlines), 1)
        return cls(len(every), len(outlines), len(set(outlines)), area, coverage)

    @property
    def share(self) -> float:
        """Share of the frames that have an outline."""
        return self.outlined / max(self.frames, 1)

    @property
    def centre(self) -> tuple[float, float]:
        """Mean (row, column) of the pixels inside outlines; there must be some."""
        weights = self.coverage / self.coverage.sum()
        rows, columns = np.indices(weights.shape)
        return float((weights * rows).sum()), float((weights * columns).sum())


def warnings(found: Outlines, training: Outlines | None) -> Iterator[str]:
    """Yield a line for everything implausible about the outlines of a submission.

    Args:
        found: the submission's outlines.
        training: those of the training masks; None if they are not at hand.
    """
    if found.distinct == 1 and found.outlined > 1:
        yield (
            f"all {found.outlined} outlines are the same, as in a sample submission; submit the "
            "masks that a network predicted"
        )
        return
    if training is None:
        if found.outlined == found.frames and found.frames >= _MIN_OUTLINES:
            yield "every frame has an outline, but less than half of the competition's show a nerve"
        return
    yield from _number(found, training)
    if min(found.outlined, training.outlined) >= _MIN_OUTLINES:
        yield from _area(found, training)
        yield from _place(found, training)


def write_picture(path: Path, found: Outlines, training: Outlines | None) -> None:
    """Write a picture of where the outlines lie: the submission's, and right of it the training's.

    Args:
        path: a .png, .jpg or .webp.
        found: the submission's outlines.
        training: those of the training masks, if they are at hand.

    Raises:
        InputError: the suffix names another format.
    """
    if path.suffix.lower() not in _PICTURE_SUFFIXES:
        raise InputError(f"{path}: give a name that ends in {', '.join(_PICTURE_SUFFIXES)}")
    panels = [_panel("submission", found)]
    if training is not None:
        panels += [np.full((panels[0].shape[0], _GAP), 255, np.uint8), _panel("training", training)]
    write_image(path, np.hstack(panels))


def _number(found: Outlines, training: Outlines) -> Iterator[str]:
    low = found.share < _LEAST_SHARE_RATIO * training.share
    if low or found.share > training.share + _MOST_SHARE_APART:
        yield (
            f"{found.share:.0%} of the frames have an outline, {training.share:.0%} in training; "
            "check the threshold"
        )


def _area(found: Outlines, training: Outlines) -> Iterator[str]:
    ratio = found.area / training.area
    if not 1 / _MOST_AREA_RATIO <= ratio <= _MOST_AREA_RATIO:
        yield (
            f"the median outline has {found.area:.0f} pixels, {training.area:.0f} in training; "
            "check the size and threshold of the masks"
        )


def _place(found: Outlines, training: Outlines) -> Iterator[str]:
    as_it_is = _correlation(found.coverage, training.coverage)
    flipped = {
        name: _correlation(np.flip(found.coverage, axes), training.coverage)
        for name, axes in _FLIPS.items()
    }
    best = max(flipped, key=lambda name: flipped[name])
    turned = flipped[best] > as_it_is + _FLIP_MARGIN
    row, column = np.subtract(found.centre, training.centre)
    if not turned and np.hypot(row, column) <= _MOST_SHIFT:
        return
    down, right = ("down" if row > 0 else "up"), ("right" if column > 0 else "left")
    # Turning a compact outline and shifting it can have the same effect.
    yield (
        f"the outlines lie {abs(row):.0f} pixels further {down} and {abs(column):.0f} further "
        f"{right} than the training masks{f', as if {best}' if turned else ''}; encode the masks "
        "as the images are"
    )


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def _panel(title: str, outlines: Outlines) -> NDArray[np.uint8]:
    scaled = 255 * outlines.coverage / max(outlines.coverage.max(), 1e-9)
    panel = np.ascontiguousarray(scaled.astype(np.uint8))
    text = f"{title}: {outlines.outlined} of {outlines.frames} frames outlined"
    cv2.putText(panel, text, (10, 410), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 255, 1, cv2.LINE_AA)
    return np.asarray(panel, dtype=np.uint8)
