"""Reading PNG, JPEG, BMP and TIFF files, which are measured before they are decoded."""

import io
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from nerveseg.csv_reader import read_file
from nerveseg.data import tiff_header
from nerveseg.errors import InputError

MOST_BYTES: Final = 256 << 20
"""Limit on the size of an image file in bytes."""

MOST_PIXELS: Final = 64 << 20
"""Limit on the number of pixels of an image or of a frame of a video."""

LEAST_SIDE: Final = 16
"""Limit on height and width: a smaller image shows no anatomy."""

STILL_ENDS: Final = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
_FORMATS: Final = ("PNG", "JPEG", "BMP", "TIFF")
_TIFF_STARTS: Final = (b"II", b"MM")
# Pillow's names: two levels, 8 bits, indices into a palette.
_WITHOUT_COLOUR: Final = ("1", "L", "P")
_CONVERTED: Final = ("P", "PA", "LA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")


def read_still(path: Path, grey: bool) -> NDArray[Any]:
    """Return the pixels of an image file, turned upright; transparency is dropped.

    Args:
        path: a PNG, JPEG, BMP or TIFF file.
        grey: whether colours become their luminance (BT.601).

    Returns:
        H x W uint8 or int32, or H x W x 3 uint8 (red, green, blue) unless `grey`. Without `grey`, a
        file with a palette gives its indices.

    Raises:
        InputError: the file is unreadable, damaged, too large, has several pages, or is none of
            these formats; the message does not name it.
    """
    content = read_bounded(path, MOST_BYTES)
    if content.startswith(_TIFF_STARTS):
        _check_tiff(content)
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            check_size((image.height, image.width))
            return _pixels(ImageOps.exif_transpose(image), grey)
    except InputError:
        raise
    except Exception as error:
        # Damaged files make Pillow raise many types of errors.
        raise InputError(
            f"damaged, or not a PNG, JPEG, BMP or TIFF ({_reason(error)}); replace it"
        ) from error


def read_bounded(path: Path, most: int) -> bytes:
    """Return the content of a file of at most `most` bytes.

    Raises:
        InputError: it cannot be read or is larger; the message does not name it.
    """
    try:
        return read_file(path, most)
    except InputError as error:
        raise InputError(str(error).removeprefix(f"{path}: ")) from error


def check_size(shape: tuple[int, int]) -> None:
    """Check the height and width that a file declares.

    Raises:
        InputError: they are outside the limits.
    """
    height, width = shape
    if min(shape) < LEAST_SIDE or height * width > MOST_PIXELS:
        raise InputError(
            f"{width} wide and {height} high; an image has at least {LEAST_SIDE} x {LEAST_SIDE} "
            f"and at most {MOST_PIXELS:,} pixels; replace it or leave it out"
        )


def to_8_bits(image: NDArray[Any], levels: tuple[float, float] | None) -> NDArray[np.uint8]:
    """Return grey levels as uint8.

    Args:
        image: H x W. 8 bits are kept as they are unless `levels` is given.
        levels: the values that become 0 and 255; None for the least and the greatest of an image
            with more than 8 bits.
    """
    if levels is None and image.dtype == np.uint8:
        return np.asarray(image, dtype=np.uint8)
    low, high = levels or (float(image.min()), float(image.max()))
    scaled = (image.astype(np.float64) - low) * (255 / max(high - low, 1e-9))
    return np.asarray(np.clip(np.rint(scaled), 0, 255), dtype=np.uint8)


def _check_tiff(content: bytes) -> None:
    header = tiff_header.read_header(content)
    check_size(header.shape)
    if header.pages > 1:
        raise InputError("a TIFF of several pages; save each page as a file of its own")


def _pixels(image: Image.Image, grey: bool) -> NDArray[Any]:
    if image.mode in _WITHOUT_COLOUR and not (grey and image.mode == "P"):
        values = np.asarray(image)
        return values.astype(np.uint8 if values.dtype == np.bool_ else values.dtype)
    if image.mode.startswith("I"):
        return np.asarray(image).astype(np.int32)
    if image.mode not in _CONVERTED:
        raise InputError(f"pixels of the kind '{image.mode}' are not read; save it with 8 bits")
    return np.asarray(image.convert("RGB").convert("L") if grey else image.convert("RGB"))


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not recognised"
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
