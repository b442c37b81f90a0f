"""TIFFs are measured before they are decoded, and what they mean is read rightly or refused."""

import io
import struct
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
import tiny
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nerveseg.data.archive import decode_image, decode_mask
from nerveseg.data.tiff_header import read_header
from nerveseg.errors import InputError

FRAME = tiny.frame(3)


def written(image: NDArray[np.generic] = FRAME, **options: Any) -> bytes:  # noqa: ANN401
    file = io.BytesIO()
    tifffile.imwrite(file, image, **options)
    return file.getvalue()


def first_page(file: tifffile.TiffFile) -> tifffile.TiffPage:
    page = file.pages[0]
    assert isinstance(page, tifffile.TiffPage)
    return page


def declaring(**tags: int) -> bytes:
    """Return the frame's TIFF with other values in its header."""
    file = io.BytesIO(written())
    with tifffile.TiffFile(file) as opened:
        places = {tag.name: (tag.valueoffset, tag.dtype) for tag in first_page(opened).tags}
    content = bytearray(file.getvalue())
    for name, value in tags.items():
        at, kind = places[name]
        content[at : at + struct.calcsize("<H" if kind == 3 else "<I")] = struct.pack(
            "<H" if kind == 3 else "<I", value
        )
    return bytes(content)


def pages() -> bytes:
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(FRAME)
        writer.write(FRAME)
    return file.getvalue()


REFUSED: dict[str, tuple[bytes, str]] = {
    "40000 x 40000": (
        declaring(ImageWidth=40000, ImageLength=40000),
        r"40000 wide and 40000 high, expected 580 x 420; resize it",
    ),
    "huge tiles": (written(tile=(8192, 8192), compression="zlib"), "tiles are larger than 4096"),
    "two pages": (pages(), "several pages; save every frame as a file of its own"),
    "palette": (
        written(photometric="palette", colormap=np.zeros((3, 256), np.uint16)),
        "indices into a palette; convert it to greyscale",
    ),
    "signed": (written(FRAME.view(np.int8)), "signed .*convert it to greyscale"),
    "float": (written(FRAME.astype(np.float32)), "1 channels of 32 bits.*convert it"),
    "turned": (written(extratags=[(274, 3, 1, 3, True)]), "is turned; save it upright"),
    "one bit": (written(FRAME > 50), "1 channels of 1 bits.*convert it to greyscale"),
    "PNG": (bytes(imagecodecs.png_encode(FRAME)), "a PNG, not a TIFF; save it as a TIFF"),
    "DICOM": (bytes(128) + b"DICM" + bytes(500), "a DICOM file, not a TIFF; save it as a TIFF"),
    "17 MB": (written() + bytes(17 << 20), "bytes, more than the 16,777,216 that a frame may"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_frame_is_refused_before_it_is_decoded(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decoded(_content: bytes) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(imagecodecs, "tiff_decode", decoded)
    content, message = REFUSED[case]
    with pytest.raises(InputError, match=f"^1.tif: .*{message}"):
        decode_image(content, "1.tif")


WRITERS: dict[str, Callable[[NDArray[np.uint8]], bytes]] = {
    "plain": written,
    "big endian": lambda image: written(image, byteorder=">"),
    "BigTIFF": lambda image: written(image, bigtiff=True),
    "big-endian BigTIFF": lambda image: written(image, bigtiff=True, byteorder=">"),
    "tiles": lambda image: written(image, tile=(64, 64), compression="zlib"),
    "strips": lambda image: written(image, rowsperstrip=7, compression="lzw"),
    "white is zero": lambda image: written(~image, photometric="miniswhite"),
    "with a resolution": lambda image: written(image, resolution=(72, 72), description="x" * 99),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_every_way_to_store_a_frame_reads_the_same(writer: str) -> None:
    mask = tiny.outline(1, 1)
    np.testing.assert_array_equal(decode_image(WRITERS[writer](FRAME), "1.tif"), FRAME)
    np.testing.assert_array_equal(decode_mask(WRITERS[writer](mask * np.uint8(255)), "m"), mask)


def test_a_smaller_version_beside_the_frame_is_no_second_page() -> None:
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(FRAME)
        writer.write(FRAME[::4, ::4], subfiletype=1)
    np.testing.assert_array_equal(decode_image(file.getvalue(), "1.tif"), FRAME)


@pytest.mark.parametrize("writer", WRITERS)
def test_the_header_agrees_with_tifffile(writer: str) -> None:
    content = WRITERS[writer](FRAME)
    header = read_header(content)
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        page = first_page(file)
        assert header.shape == (page.imagelength, page.imagewidth)
        assert (header.bits, header.samples) == (page.bitspersample, page.samplesperpixel)
        assert header.photometric == page.photometric


@given(st.data())
def test_a_damaged_header_is_an_input_error_or_a_frame(data: st.DataObject) -> None:
    content = bytearray(tiny.tiff(FRAME))
    for _ in range(data.draw(st.integers(1, 4))):
        # tifffile writes the header first.
        content[data.draw(st.integers(0, 250))] = data.draw(st.integers(0, 255))
    end = data.draw(st.sampled_from([8, 100, 300, len(content)]))
    try:
        image = decode_image(bytes(content[:end]), "1.tif")
    except InputError:
        return
    assert image.shape == FRAME.shape
    assert image.dtype == np.uint8
