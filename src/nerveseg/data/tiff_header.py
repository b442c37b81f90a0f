"""Measures a TIFF before it is decoded: its size, its pixels' type and its number of pages.

A file of a few hundred bytes can declare an image of several gigabytes, and libtiff allocates what
the header declares. It also ignores tags that change what the pixels mean. Tags are described in
the TIFF 6.0 specification, section 8, and BigTIFF in libtiff's documentation.
"""

import struct
from typing import Final, NamedTuple

from nerveseg.errors import InputError

MOST_BYTES: Final = 16 << 20
"""Limit on the size of an image file; a frame of the competition has about 100 KB."""

WHITE_IS_ZERO: Final = 0
BLACK_IS_ZERO: Final = 1

_MOST_TAGS: Final = 4096
_MOST_SIDE: Final = 4096  # of a strip or tile, which libtiff decodes as a whole
_SUBFILE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC = 254, 256, 257, 258, 262
_ORIENTATION, _SAMPLES, _TILE_WIDTH, _TILE_HEIGHT, _FORMAT = 274, 277, 322, 323, 339
_TYPES: Final = {1: "B", 3: "H", 4: "I", 16: "Q"}
_REDUCED: Final = 1  # bit of NewSubfileType: a smaller version of another page
_SIGNATURES: Final = {
    b"\x89PNG": "a PNG",
    b"\xff\xd8\xff": "a JPEG",
    b"GIF8": "a GIF",
    b"BM": "a BMP",
    b"PK\x03\x04": "a zip",
    b"\x1f\x8b": "a gzip file",
    b"%PDF": "a PDF",
    b"\x93NUMPY": "a .npy file",
}


class Header(NamedTuple):
    """What a TIFF declares about its first page.

    Attributes:
        shape: height and width.
        bits: bits per sample; the largest if channels differ.
        samples: number of channels.
        photometric: PhotometricInterpretation, such as `WHITE_IS_ZERO`.
        unsigned: whether samples are unsigned integers.
        upright: whether the first row is at the top and the first column at the left.
        pages: 1, or 2 if there are more pages.
    """

    shape: tuple[int, int]
    bits: int
    samples: int
    photometric: int
    unsigned: bool
    upright: bool
    pages: int


def other_format(content: bytes) -> str | None:
    """Return which known format other than TIFF `content` has, with its article, or None."""
    if content[128:132] == b"DICM":
        return "a DICOM file"
    starts = _SIGNATURES.items()
    return next((name for start, name in starts if content.startswith(start)), None)


def read_header(content: bytes) -> Header:
    """Return the header of the TIFF in `content`, without decoding pixels.

    Raises:
        InputError: `content` is not a TIFF, is damaged, or declares tiles that are too large; the
            message is a fragment that names the fault, such as 'damaged or not a TIFF (...)'.
    """
    try:
        tags, following = _pages(content)
        header = _header(tags, following)
    except (struct.error, KeyError, IndexError, OverflowError) as error:
        raise InputError(f"damaged or not a TIFF (unreadable header: {error})") from error
    if max(tags.get(_TILE_WIDTH, [0])[0], tags.get(_TILE_HEIGHT, [0])[0]) > _MOST_SIDE:
        raise InputError(f"its tiles are larger than {_MOST_SIDE} x {_MOST_SIDE}")
    return header


def _header(tags: dict[int, list[int]], following: bool) -> Header:
    def value(tag: int, default: int) -> int:
        return tags.get(tag, [default])[0]

    return Header(
        shape=(tags[_HEIGHT][0], tags[_WIDTH][0]),
        bits=max(tags.get(_BITS, [1])),
        samples=value(_SAMPLES, 1),
        photometric=tags[_PHOTOMETRIC][0],
        unsigned=value(_FORMAT, 1) == 1,
        upright=value(_ORIENTATION, 1) == 1,
        pages=1 + following,
    )


def _pages(content: bytes) -> tuple[dict[int, list[int]], bool]:
    """Return the tags of the first page, and whether there is another full page."""
    orders = {b"II": "<", b"MM": ">"}
    order = orders[content[:2]]
    (version,) = struct.unpack_from(f"{order}H", content, 2)
    if version not in (42, 43):
        raise KeyError(f"version {version}")
    big = version == 43  # noqa: PLR2004
    (at,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", content, 8 if big else 4)
    tags, at = _page(content, at, order, big)
    if at == 0:
        return tags, False
    second, _ = _page(content, at, order, big)
    return tags, not second.get(_SUBFILE, [0])[0] & _REDUCED


def _page(content: bytes, at: int, order: str, big: bool) -> tuple[dict[int, list[int]], int]:
    """Return the tags of the page at `at`, and the place of the next page, 0 after the last."""
    head, entry, place = ("Q", "HHQ", "Q") if big else ("H", "HHI", "I")
    (count,) = struct.unpack_from(order + head, content, at)
    if count > _MOST_TAGS:
        raise KeyError(f"{count} tags")
    first, width = at + struct.calcsize(order + head), struct.calcsize(order + entry + place)
    tags: dict[int, list[int]] = {}
    for begin in range(first, first + count * width, width):
        tag, kind, values = struct.unpack_from(order + entry, content, begin)
        inner = begin + struct.calcsize(order + entry)
        if kind in _TYPES and 0 < values <= _MOST_TAGS:
            form = f"{order}{values}{_TYPES[kind]}"
            if struct.calcsize(form) > struct.calcsize(order + place):
                (inner,) = struct.unpack_from(order + place, content, inner)
            tags[tag] = list(struct.unpack_from(form, content, inner))
    (following,) = struct.unpack_from(order + place, content, first + count * width)
    return tags, following
