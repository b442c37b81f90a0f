"""What PNG, JPEG, JPEG 2000 and BMP declare about themselves, read without decoding pixels.

PNG: W3C, sections 5.3, 11.2.1 and 11.3.4.5. JPEG: ITU-T T.81, annex B. Exif orientation of both:
CIPA DC-008. JPEG 2000: ITU-T T.800, annex A.5.1. BMP: the structures BITMAPCOREHEADER
and BITMAPINFOHEADER.
"""

import struct
from collections.abc import Iterator
from typing import Final

from nerveseg.data import tiff_header
from nerveseg.errors import InputError

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_J2K: Final = b"\xff\x4f\xff\x51"
_EXIF: Final = b"Exif\x00\x00"
_APP1, _SCAN, _END = 0xE1, 0xDA, b"\xff\xd9"
# Start of frame: all of C0..CF but the tables DHT, JPG and DAC.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ORIENTATION: Final = 274
# PhotometricInterpretation of indices; of grey levels, RGB and YCbCr.
_PALETTE: Final = 3
_PLAIN: Final = (tiff_header.WHITE_IS_ZERO, tiff_header.BLACK_IS_ZERO, 2, 6)


def format_of(content: bytes) -> str | None:
    """Return png, jpeg, bmp, tiff or dicom, whichever the first bytes of a file show, or None."""
    if content[128:132] == b"DICM":
        return "dicom"
    starts = {_PNG: "png", _JPEG: "jpeg", b"BM": "bmp"}
    starts |= dict.fromkeys((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"), "tiff")
    return next((name for start, name in starts.items() if content.startswith(start)), None)


def png_size(content: bytes) -> tuple[int, int]:
    """Return the height and width that a PNG declares.

    Raises:
        InputError: the header is damaged, or an Exif orientation turns the image.
    """
    try:
        kind, width, height = struct.unpack_from(">4sII", content, 12)
    except struct.error as error:
        raise InputError("a PNG without a header; save it again") from error
    if kind != b"IHDR":
        raise InputError("a PNG without a header; save it again")
    at = len(_PNG)
    while len(head := content[at : at + 8]) == 8:  # noqa: PLR2004 (length and kind of a chunk)
        length = int.from_bytes(head[:4])
        if head[4:] == b"eXIf":
            _check_upright(content[at + 8 : at + 8 + length].removeprefix(_EXIF))
        at += 12 + length
    return height, width


def png_has_indices(content: bytes) -> bool:
    """Return whether the pixels of a PNG, already measured, are indices into a palette, or bits."""
    depth, kind = content[24:26]
    return depth == 1 or kind == 3  # noqa: PLR2004 (colour type)


def bmp_size(content: bytes) -> tuple[int, int]:
    """Return the height and width that a BMP declares.

    Raises:
        InputError: the header is damaged.
    """
    try:
        (length,) = struct.unpack_from("<I", content, 14)
        # OS/2's header of 12 bytes has shorter numbers. A negative height: the top row is first.
        width, height = struct.unpack_from("<HH" if length == 12 else "<ii", content, 18)  # noqa: PLR2004
    except struct.error as error:
        raise InputError("a BMP without a header; save it again") from error
    return abs(height), abs(width)


def jpeg_size(content: bytes) -> tuple[int, int]:
    """Return the height and width that a JPEG declares.

    Raises:
        InputError: it is damaged, cut off, turned by an Exif orientation, has more than 8 bits, or
            stores inks.
    """
    size: tuple[int, int] | None = None
    for marker, at, length in _segments(content):
        if marker == _APP1 and content.startswith(_EXIF, at):
            _check_upright(content[at + len(_EXIF) : at + length])
        elif marker in _FRAMES:
            bits, height, width, channels = _unpacked(">BHHB", content, at)
            if bits != 8:  # noqa: PLR2004
                raise InputError(f"a JPEG of {bits} bits; save it with 8 bits, or as a PNG")
            if channels not in (1, 3):
                raise InputError("a JPEG of inks (CMYK); convert it to greyscale or RGB")
            size = height, width
        elif marker == _SCAN and content.find(_END, at) < 0:
            raise InputError("the JPEG is cut off; fetch it again")
    if size is None:
        raise InputError("a JPEG without a frame; save it again")
    return size


def encapsulated_size(content: bytes) -> tuple[int, int] | None:
    """Return the size that a compressed frame of a DICOM file declares; None if it is not known.

    Args:
        content: a JPEG of any number of bits, a JPEG-LS or JPEG 2000 codestream, or other data.
    """
    if content.startswith(_J2K):
        right, bottom, left, top = _unpacked(">IIII", content, 8)
        return bottom - top, right - left
    if content.startswith(_JPEG):
        for marker, at, _ in _segments(content):
            if marker in _FRAMES or marker == 0xF7:  # noqa: PLR2004 (JPEG-LS)
                _, height, width = _unpacked(">BHH", content, at)
                return height, width
    return None


def _unpacked(form: str, content: bytes, at: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(form, content, at)
    except struct.error as error:
        raise InputError("its header is cut off; fetch it again") from error


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, place and length of the segments of a JPEG, up to the first scan."""
    at = 2
    while True:
        start, marker = _unpacked(">BB", content, at)
        if start != 0xFF:  # noqa: PLR2004
            raise InputError("a damaged JPEG; fetch it again")
        if marker == 0xFF:  # noqa: PLR2004 (padding)
            at += 1
            continue
        (length,) = _unpacked(">H", content, at + 2)
        yield marker, at + 4, length - 2
        if marker == _SCAN:
            return
        at += 2 + length


def _check_upright(exif: bytes) -> None:
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return
    try:
        (first,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, first)
        for at in range(first + 2, first + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, at)
            if tag == _ORIENTATION and value != 1:
                raise InputError("its tag Orientation says that it is turned; save it upright")
    except struct.error:
        return  # what cannot be read says nothing


def tiff_size(content: bytes, indices: bool = False) -> tuple[int, int]:
    """Return the height and width that a TIFF declares.

    Args:
        content: the file.
        indices: whether pixels may be indices into a palette.

    Raises:
        InputError: it is damaged, turned, signed or floating-point, or has several pages.
    """
    header = tiff_header.read_header(content)
    if header.pages > 1:
        raise InputError("it has several pages; save every frame as a file of its own")
    if not header.unsigned:
        raise InputError("its pixels are signed or floating-point; save it with 8 or 16 bits")
    if header.photometric not in _PLAIN and not (indices and header.photometric == _PALETTE):
        raise InputError("its values are indices into a palette, or inks; convert it to greyscale")
    if not header.upright:
        raise InputError("its tag Orientation says that it is turned; save it upright")
    return header.shape
