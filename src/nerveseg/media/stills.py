"""PNG, JPEG, TIFF and BMP images as grey frames."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from nerveseg.csv_reader import read_file
from nerveseg.data import tiff_header
from nerveseg.errors import InputError, within
from nerveseg.media import headers
from nerveseg.media.frame import Frame, check_size, to_grey

MOST_BYTES: Final = 128 << 20
"""Limit on the size of an image file; a frame of the competition has about 100 KB."""


class _Format(NamedTuple):
    size: Callable[[bytes], tuple[int, int]]
    decode: Callable[[bytes], NDArray[Any]]


# imagecodecs raises an error for truncated files, of which cv2 returns the missing rows as black.
_FORMATS: Final[Mapping[str, _Format]] = {
    "png": _Format(headers.png_size, imagecodecs.png_decode),
    "jpeg": _Format(headers.jpeg_size, imagecodecs.jpeg8_decode),
    "bmp": _Format(headers.bmp_size, imagecodecs.bmp_decode),
    "tiff": _Format(headers.tiff_size, imagecodecs.tiff_decode),
}


def read_still(path: Path) -> Frame:
    """Return the image in a file.

    Raises:
        InputError: the file is unreadable, damaged, too large or of another format, has several
            pages, is turned, or holds numbers that are no grey levels.
    """
    content = read_file(path, MOST_BYTES)
    with within(str(path)):
        return Frame(decode_still(content))


def decode_still(content: bytes) -> NDArray[np.uint8]:
    """Return the image in `content`, H x W uint8, black as 0; see `read_still`."""
    name = headers.format_of(content)
    if name is None or name not in _FORMATS:
        kind = tiff_header.other_format(content) or "of an unknown format"
        raise InputError(f"{kind}; save it as PNG, JPEG, TIFF or BMP")
    declared = _FORMATS[name].size(content)
    check_size(*declared)
    try:
        pixels = np.asarray(_FORMATS[name].decode(content))
    except Exception as error:
        # Damaged files make imagecodecs raise many types of errors.
        raise InputError(
            f"damaged {name.upper()} ({' '.join(str(error).split())[:120]}); fetch it again"
        ) from error
    return _in_order(content, name, pixels, declared)


def _in_order(
    content: bytes, name: str, pixels: NDArray[Any], declared: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return the decoded pixels as grey levels; a TIFF may store them in unusual ways."""
    white_is_zero = False
    if name == "tiff":
        white_is_zero = tiff_header.read_header(content).photometric == tiff_header.WHITE_IS_ZERO
        if pixels.ndim == 3 and pixels.shape[:2] != declared and pixels.shape[1:] == declared:  # noqa: PLR2004
            pixels = np.moveaxis(pixels, 0, -1)  # one plane for each channel
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    if pixels.shape[:2] != declared:
        raise InputError(f"its pixels have the shape {pixels.shape}; save it grey or in RGB")
    return ~to_grey(pixels) if white_is_zero else to_grey(pixels)
