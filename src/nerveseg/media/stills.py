"""PNG, JPEG, TIFF and BMP images as grey frames, or as the values that they store."""

import io
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nerveseg.csv_reader import read_file
from nerveseg.data import tiff_header
from nerveseg.errors import InputError, within
from nerveseg.media import headers
from nerveseg.media.frame import Frame, Levels, check_size, to_grey, without_alpha

MOST_BYTES: Final = 128 << 20
"""Limit on the size of an image file; a frame of the competition has about 100 KB."""


class _Format(NamedTuple):
    size: Callable[[bytes], tuple[int, int]]
    decode: Callable[[bytes], NDArray[Any]]


def _decode_indices(content: bytes) -> NDArray[Any]:
    """Decode with Pillow, which keeps indices and bits; imagecodecs applies the palette."""
    with Image.open(io.BytesIO(content), formats=("PNG", "BMP")) as image:
        return np.asarray(image)


def _decode_png_values(content: bytes) -> NDArray[Any]:
    decode = _decode_indices if headers.png_has_indices(content) else imagecodecs.png_decode
    return np.asarray(decode(content))


# imagecodecs raises an error for truncated files, of which cv2 returns the missing rows as black.
_FORMATS: Final[Mapping[str, _Format]] = {
    "png": _Format(headers.png_size, imagecodecs.png_decode),
    "jpeg": _Format(headers.jpeg_size, imagecodecs.jpeg8_decode),
    "bmp": _Format(headers.bmp_size, imagecodecs.bmp_decode),
    "tiff": _Format(headers.tiff_size, imagecodecs.tiff_decode),
}
_FORMATS_OF_VALUES: Final[Mapping[str, _Format]] = {
    "png": _Format(headers.png_size, _decode_png_values),
    "jpeg": _FORMATS["jpeg"],
    "bmp": _Format(headers.bmp_size, _decode_indices),
    "tiff": _Format(partial(headers.tiff_size, indices=True), imagecodecs.tiff_decode),
}


def read_still(path: Path, levels: Levels | None = None) -> Frame:
    """Return the image in a file.

    Args:
        path: the file.
        levels: the values that become black and white; see `nerveseg.media.frame.to_grey`.

    Raises:
        InputError: the file is unreadable, damaged, too large or of another format, has several
            pages, is turned, or holds numbers that are no grey levels.
    """
    content = read_file(path, MOST_BYTES)
    with within(str(path)):
        return Frame(decode_still(content, levels))


def read_still_values(path: Path) -> NDArray[Any]:
    """Return the values that an image file stores, as a mask of classes has them.

    Returns:
        H x W uint8 or uint16, or H x W x 3 in colour; the indices of a palette; 0 and 1 of an image
        of two levels. White is the greatest value.

    Raises:
        InputError: see `read_still`; a TIFF may have a palette.
    """
    content = read_file(path, MOST_BYTES)
    with within(str(path)):
        pixels, white_is_zero = _decoded(content, _FORMATS_OF_VALUES)
        values = ~pixels if white_is_zero else pixels
        return without_alpha(values.astype(np.uint8) if values.dtype == np.bool_ else values)


def decode_still(content: bytes, levels: Levels | None = None) -> NDArray[np.uint8]:
    """Return the image in `content`, H x W uint8, black as 0; see `read_still`."""
    pixels, white_is_zero = _decoded(content, _FORMATS)
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    grey = to_grey(pixels, levels)
    return ~grey if white_is_zero else grey


def _decoded(content: bytes, formats: Mapping[str, _Format]) -> tuple[NDArray[Any], bool]:
    """Return the decoded pixels, and whether their 0 is white."""
    name = headers.format_of(content)
    if name is None or name not in formats:
        kind = tiff_header.other_format(content) or "of an unknown format"
        raise InputError(f"{kind}; save it as PNG, JPEG, TIFF or BMP")
    declared = formats[name].size(content)
    check_size(*declared)
    try:
        pixels = np.asarray(formats[name].decode(content))
    except Exception as error:
        # Damaged files make the decoders raise many types of errors.
        raise InputError(
            f"damaged {name.upper()} ({' '.join(str(error).split())[:120]}); fetch it again"
        ) from error
    white_is_zero = False
    if name == "tiff":
        white_is_zero = tiff_header.read_header(content).photometric == tiff_header.WHITE_IS_ZERO
        if pixels.ndim == 3 and pixels.shape[:2] != declared and pixels.shape[1:] == declared:  # noqa: PLR2004
            pixels = np.moveaxis(pixels, 0, -1)  # one plane for each channel
    if pixels.shape[:2] != declared:
        raise InputError(f"its pixels have the shape {pixels.shape}; save it grey or in RGB")
    return pixels, white_is_zero
