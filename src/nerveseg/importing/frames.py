"""The images and the values of masks in a file, without its name in messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from nerveseg.errors import InputError
from nerveseg.media.frame import Levels
from nerveseg.media.sources import Source

MOST_FRAMES: Final = 20_000
"""Limit on the number of frames of a video or of a DICOM file; each becomes a file."""

_COLOURS: Final = 3
_Each = TypeVar("_Each")


@contextmanager
def unnamed(path: Path) -> Iterator[None]:
    """Take the path from the front of the message of an `InputError` raised inside.

    An import names its files relative to their folder.
    """
    try:
        yield
    except InputError as error:
        raise InputError(str(error).removeprefix(f"{path}: ")) from error


def is_lossy(path: Path) -> bool:
    """Return whether compression may have changed the values of a file, by its name."""
    return Source.of_file(path).is_lossy


def images_of(path: Path, levels: Levels | None) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames of a still, a DICOM file or a video, H x W uint8, as predictions see them.

    Args:
        path: the file.
        levels: the values that become black and white; None for those of the bits in use.

    Raises:
        InputError: the file is unreadable, damaged, too large or of another format; the message
            does not name it.
    """
    with unnamed(path):
        for frame in _limited(Source.of_file(path).frames(levels)):
            yield frame.image


def values_of(path: Path) -> Iterator[NDArray[Any]]:
    """Yield the values that each frame of a mask stores.

    Yields:
        H x W uint8 or uint16; H x W x 3 uint8 (red, green, blue) for colours.

    Raises:
        InputError: see `images_of`; or colours have 16 bits.
    """
    with unnamed(path):
        for values in _limited(Source.of_file(path).values()):
            if values.ndim == _COLOURS and values.dtype != np.uint8:
                raise InputError("a mask in colours of 16 bits; save it with 8 bits")
            yield values


def _limited(frames: Iterator[_Each]) -> Iterator[_Each]:
    for count, frame in enumerate(frames):
        if count == MOST_FRAMES:
            raise InputError(f"more than {MOST_FRAMES:,} frames; cut it into several files")
        yield frame
