"""Images of every format read as the grey levels that were stored, and are measured first."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nerveseg.errors import InputError
from nerveseg.media import stills
from nerveseg.media.stills import decode_still, read_still, read_still_values

LEVELS = np.random.default_rng(5).integers(0, 256, (23, 37), dtype=np.uint8)
RGB = np.random.default_rng(6).integers(0, 256, (23, 37, 3), dtype=np.uint8)


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def tiff(pixels: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)  # type: ignore[arg-type]
    return file.getvalue()


GREY = Image.fromarray(LEVELS)
WAYS: dict[str, Callable[[], bytes]] = {
    "png": lambda: saved(GREY, "png"),
    "png with alpha": lambda: saved(GREY.convert("LA"), "png"),
    "png in colour": lambda: saved(GREY.convert("RGB"), "png"),
    "png in colour with alpha": lambda: saved(GREY.convert("RGBA"), "png"),
    "png with a palette": lambda: saved(GREY.convert("P"), "png"),
    "png of 16 bits": lambda: saved(Image.fromarray(LEVELS.astype(np.uint16) * 257), "png"),
    "bmp": lambda: saved(GREY, "bmp"),
    "bmp in colour": lambda: saved(GREY.convert("RGB"), "bmp"),
    "tiff": lambda: tiff(LEVELS, photometric="minisblack"),
    "tiff whose white is 0": lambda: tiff(255 - LEVELS, photometric="miniswhite"),
    "tiff in colour": lambda: tiff(np.dstack([LEVELS] * 3), photometric="rgb"),
    "tiff of colour planes": lambda: tiff(
        np.stack([LEVELS] * 3), photometric="rgb", planarconfig="separate"
    ),
    "tiff of 16 bits": lambda: tiff(LEVELS.astype(np.uint16) * 257, photometric="minisblack"),
    "compressed tiff": lambda: tiff(LEVELS, photometric="minisblack", compression="lzw"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_store_an_image_reads_the_same(way: str, tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(WAYS[way]())
    frame = read_still(path)
    assert frame.image.dtype == np.uint8
    assert np.array_equal(frame.image, LEVELS)


def test_a_bilevel_image_is_black_and_white() -> None:
    found = decode_still(saved(GREY.convert("1", dither=Image.Dither.NONE), "png"))
    assert np.array_equal(found, np.where(LEVELS > 127, 255, 0))


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_reads_as_another_decoder_reads_it(progressive: bool) -> None:
    content = saved(Image.fromarray(RGB), "jpeg", quality=95, progressive=progressive)
    reference = np.asarray(Image.open(io.BytesIO(content)).convert("L"), dtype=int)
    assert np.abs(decode_still(content) - reference).max() <= 2


@pytest.mark.parametrize(("highest", "scale"), [(200, 255), (1000, 1023), (4000, 4095)])
def test_16_bits_are_scaled_from_the_range_in_use(highest: int, scale: int) -> None:
    values = np.linspace(0, highest, 256).astype(np.uint16).reshape(16, 16)
    found = decode_still(tiff(values, photometric="minisblack"))
    assert np.abs(found - values * (255 / scale)).max() <= 0.501


@pytest.mark.parametrize("form", ["png", "tiff"])
def test_levels_become_black_and_white(form: str) -> None:
    deep = (LEVELS.astype(np.uint16) << 4) + 100
    content = saved(Image.fromarray(deep), form)
    assert np.array_equal(decode_still(content, (100, 4180)), LEVELS)
    assert np.array_equal(decode_still(content, (4179, 4180)), 255 * (LEVELS == 255))
    bright = np.clip(2 * LEVELS.astype(int), 0, 255)
    assert np.abs(decode_still(saved(GREY, form), (0, 127.5)) - bright).max() == 0


INDICES = LEVELS % 3
BITS = LEVELS > 99


def indexed() -> Image.Image:
    image = Image.fromarray(INDICES).convert("P")
    image.putpalette([9, 9, 9, 255, 0, 0, 0, 0, 255])
    return image


DEEP = LEVELS.astype(np.uint16) * 200
VALUES: dict[str, tuple[Callable[[], bytes], np.ndarray]] = {
    "png": (lambda: saved(GREY, "png"), LEVELS),
    "png with alpha": (lambda: saved(GREY.convert("LA"), "png"), LEVELS),
    "png in colour": (lambda: saved(Image.fromarray(RGB), "png"), RGB),
    "png in colour with alpha": (
        lambda: saved(Image.fromarray(np.dstack([RGB, LEVELS])), "png"),
        RGB,
    ),
    "png of 16 bits": (lambda: saved(Image.fromarray(DEEP), "png"), DEEP),
    "png with a palette": (lambda: saved(indexed(), "png"), INDICES),
    "png with a transparent entry": (lambda: saved(indexed(), "png", transparency=0), INDICES),
    "png of bits": (lambda: saved(Image.fromarray(BITS), "png"), BITS),
    "bmp": (lambda: saved(GREY, "bmp"), LEVELS),
    "bmp in colour": (lambda: saved(Image.fromarray(RGB), "bmp"), RGB),
    "bmp with a palette": (lambda: saved(indexed(), "bmp"), INDICES),
    "bmp of bits": (lambda: saved(Image.fromarray(BITS), "bmp"), BITS),
    "tiff": (lambda: tiff(LEVELS, photometric="minisblack"), LEVELS),
    "tiff in colour": (lambda: tiff(RGB, photometric="rgb"), RGB),
    "tiff of 16 bits": (lambda: tiff(DEEP, photometric="minisblack"), DEEP),
    "tiff whose white is 0": (lambda: tiff(~LEVELS, photometric="miniswhite"), LEVELS),
    "tiff with a palette": (lambda: saved(indexed(), "tiff"), INDICES),
    "tiff of bits": (lambda: saved(Image.fromarray(BITS), "tiff"), BITS),
}


@pytest.mark.parametrize("way", VALUES)
def test_values_are_those_that_are_stored(way: str, tmp_path: Path) -> None:
    make, values = VALUES[way]
    (tmp_path / "image").write_bytes(make())
    found = read_still_values(tmp_path / "image")
    assert found.dtype in (np.uint8, np.uint16)
    assert np.array_equal(found, values)


def png_header(height: int, width: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    head = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + head


def bmp_header(height: int, width: int) -> bytes:
    return (
        struct.pack("<2sIIIIii", b"BM", 100, 0, 54, 40, width, height) + b"\1\0\x08\0" + bytes(24)
    )


def jpeg_header(height: int, width: int, bits: int = 8) -> bytes:
    frame = struct.pack(">HHBHHB", 0xFFC0, 11, bits, height, width, 1) + b"\1\x11\0"
    return b"\xff\xd8" + frame + struct.pack(">HH", 0xFFDA, 8) + bytes(6) + b"\xff\xd9"


def turned(form: str) -> bytes:
    exif = GREY.getexif()
    exif[274] = 6
    return saved(GREY, form, exif=exif)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a huge png": (lambda: png_header(60000, 60000), "more than the 33,554,432 pixels"),
    "a huge bmp": (lambda: bmp_header(-60000, 60000), "more than the 33,554,432 pixels"),
    "a huge jpeg": (lambda: jpeg_header(60000, 60000), "more than the 33,554,432 pixels"),
    "a png without pixels": (lambda: png_header(0, 5), "less than the 16 x 16 pixels"),
    "a jpeg of 12 bits": (lambda: jpeg_header(10, 10, 12), "a JPEG of 12 bits"),
    "a turned jpeg": (lambda: turned("jpeg"), "Orientation"),
    "a turned png": (lambda: turned("png"), "Orientation"),
    "a turned tiff": (lambda: turned("tiff"), "Orientation"),
    "a jpeg of inks": (lambda: saved(GREY.convert("CMYK"), "jpeg"), "inks"),
    "a jpeg that is cut off": (lambda: saved(GREY, "jpeg")[:-200], "cut off"),
    "several pages": (lambda: tiff(np.stack([LEVELS] * 2), photometric="minisblack"), "pages"),
    "a float tiff": (lambda: tiff(LEVELS.astype(np.float32)), "signed or floating-point"),
    "a palette in a tiff": (lambda: saved(GREY.convert("P"), "tiff"), "palette"),
    "a gif": (lambda: saved(GREY, "gif"), "a GIF; save it as PNG"),
    "something else": (lambda: b"something else", "of an unknown format"),
    "nothing": (lambda: b"", "of an unknown format"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_frame_is_refused_before_it_is_decoded(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, said = REFUSED[name]
    path = tmp_path / "image.png"
    path.write_bytes(make())

    def decode(_: bytes) -> np.ndarray:
        pytest.fail("decoded")

    undecoded = {form: each._replace(decode=decode) for form, each in stills._FORMATS.items()}
    monkeypatch.setattr(stills, "_FORMATS", undecoded)
    with pytest.raises(InputError, match=rf"image\.png: .*{said}"):
        read_still(path)
    monkeypatch.setattr(
        stills,
        "_FORMATS_OF_VALUES",
        {form: each._replace(decode=decode) for form, each in stills._FORMATS_OF_VALUES.items()},
    )
    if name != "a palette in a tiff":
        with pytest.raises(InputError, match=rf"image\.png: .*{said}"):
            read_still_values(path)


@given(data=st.data())
@pytest.mark.parametrize("way", [*WAYS, "jpeg"])
def test_a_damaged_file_is_an_input_error_or_an_image(way: str, data: st.DataObject) -> None:
    content = bytearray(WAYS[way]() if way in WAYS else saved(GREY, "jpeg"))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, min(200, len(content) - 1)))] = data.draw(
            st.integers(0, 255)
        )
    cut = data.draw(st.integers(0, len(content)))
    for damaged in (bytes(content), bytes(content[:cut])):
        try:
            found = decode_still(damaged)
        except InputError:
            continue
        assert found.dtype == np.uint8
        assert found.ndim == 2


@pytest.mark.parametrize("way", ["png", "bmp", "tiff", "compressed tiff"])
def test_a_file_that_is_cut_off_is_refused(way: str) -> None:
    content = WAYS[way]()
    with pytest.raises(InputError, match=r"fetch it again"):
        decode_still(content[: len(content) // 2])
