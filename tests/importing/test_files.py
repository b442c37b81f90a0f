"""Every kind of file gives the pixels that were written to it, or one line."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
import tifffile
from own_images import SHAPE, picture, save
from own_media import write_dicom, write_video
from PIL import Image
from pydicom.uid import UID, JPEG2000Lossless, RLELossless

from nerveseg.errors import InputError
from nerveseg.importing.frames import frames_of
from nerveseg.importing.stills import read_still, to_8_bits

GREY = picture(1)
COLOURS = np.stack([picture(seed) for seed in (1, 2, 3)], axis=2)


def luminance(colours: np.ndarray) -> np.ndarray:
    return np.asarray(colours @ np.array([0.299, 0.587, 0.114]))


@pytest.mark.parametrize("end", ["png", "bmp", "tif", "tiff", "PNG"])
def test_stills_without_loss(tmp_path: Path, end: str) -> None:
    save(tmp_path / f"grey.{end}", GREY)
    save(tmp_path / f"colours.{end}", COLOURS)
    assert (read_still(tmp_path / f"grey.{end}", grey=True) == GREY).all()
    assert (read_still(tmp_path / f"colours.{end}", grey=False) == COLOURS).all()
    found = read_still(tmp_path / f"colours.{end}", grey=True)
    assert np.abs(found - luminance(COLOURS)).max() <= 1


def test_a_jpeg_is_near(tmp_path: Path) -> None:
    smooth = np.tile(np.linspace(0, 255, SHAPE[1]).astype(np.uint8), (SHAPE[0], 1))
    save(tmp_path / "a.jpg", smooth)
    assert np.abs(read_still(tmp_path / "a.jpg", grey=True) - smooth.astype(int)).max() < 9


@pytest.mark.parametrize("end", ["png", "tif"])
def test_16_bits_are_kept_until_they_become_8(tmp_path: Path, end: str) -> None:
    deep = (GREY.astype(np.uint16) << 4) + 100
    if end == "png":
        save(tmp_path / "a.png", deep)
    else:
        tifffile.imwrite(tmp_path / "a.tif", deep)
    found = read_still(tmp_path / f"a.{end}", grey=True)
    assert (found == deep).all()
    assert (to_8_bits(found, None) == GREY).all()  # GREY has a 0 and a 255
    assert (to_8_bits(found, (100, 4180)) == GREY).all()
    assert to_8_bits(found, (100, 2140)).max() == 255


def test_a_constant_image_is_black() -> None:
    assert not to_8_bits(np.full((20, 20), 700, np.int32), None).any()


def test_a_palette_gives_indices_for_masks_and_levels_for_images(tmp_path: Path) -> None:
    indices = (GREY > 99).astype(np.uint8)
    image = Image.fromarray(indices, mode=None).convert("P")
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.save(tmp_path / "a.png")
    assert (read_still(tmp_path / "a.png", grey=False) == indices).all()
    assert (read_still(tmp_path / "a.png", grey=True) == indices * 76).all()


def test_one_bit_and_transparency(tmp_path: Path) -> None:
    Image.fromarray(GREY > 99).save(tmp_path / "bits.png")
    assert (read_still(tmp_path / "bits.png", grey=False) == (GREY > 99)).all()
    save(tmp_path / "rgba.png", np.dstack([COLOURS, GREY]))
    assert (read_still(tmp_path / "rgba.png", grey=False) == COLOURS).all()


def test_an_image_that_is_stored_turned_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6  # a quarter turn clockwise shows it upright
    Image.fromarray(GREY).save(tmp_path / "a.png", exif=exif)
    assert (read_still(tmp_path / "a.png", grey=True) == np.rot90(GREY, -1)).all()


def declared(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that declares a size."""
    file = io.BytesIO()
    Image.fromarray(GREY).save(file, "PNG")
    content = bytearray(file.getvalue()[:100])
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (declared(60_000, 60_000), "damaged, .* decompression bomb"),
        (declared(9_000, 9_000), "9000 wide and 9000 high; an image has at least 16 x 16"),
        (declared(3, 3), "3 wide and 3 high"),
        (declared(290, 210), "damaged"),
        (b"", "damaged, or not a PNG"),
        (b"GIF89a" + bytes(50), "damaged, or not a PNG"),
        (b"II" + bytes(50), "damaged or not a TIFF"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InputError, match=fault):
        read_still(tmp_path / "a.png", grey=True)


def test_a_file_that_is_gone_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^not readable \(No such file or directory\); "):
        list(frames_of(tmp_path / "a.png", grey=True))


def test_other_kinds_of_files_are_refused(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "pages.tif") as file:
        file.write(GREY)
        file.write(GREY)
    tifffile.imwrite(tmp_path / "float.tif", GREY.astype(np.float32))
    (tmp_path / "text.txt").write_text("no image")
    for name, fault in (
        ("pages.tif", "several pages"),
        ("float.tif", "pixels of the kind 'F' are not read"),
        ("text.txt", "neither DICOM nor"),
    ):
        with pytest.raises(InputError, match=fault):
            list(frames_of(tmp_path / name, grey=True))


def test_dicom_of_one_frame_and_of_several(tmp_path: Path) -> None:
    write_dicom(tmp_path / "one.dcm", GREY, "MONOCHROME2")
    (found,) = frames_of(tmp_path / "one.dcm", grey=True)
    assert (found == GREY).all()
    several = np.stack([picture(seed) for seed in range(3)])
    write_dicom(tmp_path / "several", several, "MONOCHROME2", frames=3)
    assert (np.stack(list(frames_of(tmp_path / "several", grey=True))) == several).all()


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_compressed_dicom_is_read_frame_by_frame(tmp_path: Path, syntax: UID) -> None:
    several = np.stack([picture(seed) for seed in range(3)])
    write_dicom(tmp_path / "a.dcm", several, "MONOCHROME2", frames=3)
    dataset = pydicom.dcmread(tmp_path / "a.dcm")
    dataset.compress(syntax)
    dataset.save_as(tmp_path / "a.dcm")
    assert (np.stack(list(frames_of(tmp_path / "a.dcm", grey=True))) == several).all()


def test_dicom_follows_its_display_settings(tmp_path: Path) -> None:
    write_dicom(tmp_path / "a.dcm", GREY, "MONOCHROME2")
    dataset = pydicom.dcmread(tmp_path / "a.dcm")
    dataset.WindowCenter, dataset.WindowWidth = 128, 64
    dataset.save_as(tmp_path / "a.dcm")
    (found,) = frames_of(tmp_path / "a.dcm", grey=True)
    assert found[GREY <= 95].max() == 0
    assert found[GREY >= 160].min() == 255
    (stored,) = frames_of(tmp_path / "a.dcm", grey=False)
    assert (stored == GREY).all()


def test_dicom_in_colour_and_inverted(tmp_path: Path) -> None:
    write_dicom(tmp_path / "colour.dcm", COLOURS, "RGB")
    (found,) = frames_of(tmp_path / "colour.dcm", grey=True)
    assert np.abs(found - luminance(COLOURS)).max() <= 1
    write_dicom(tmp_path / "inverted.dcm", GREY, "MONOCHROME1")
    (found,) = frames_of(tmp_path / "inverted.dcm", grey=True)
    assert (found == 255 - GREY).all()
    (stored,) = frames_of(tmp_path / "inverted.dcm", grey=False)
    assert (stored == GREY).all()


def test_a_video_gives_its_frames(tmp_path: Path) -> None:
    frames = [picture(seed) for seed in range(4)]
    write_video(tmp_path / "a.mkv", frames)
    found = list(frames_of(tmp_path / "a.mkv", grey=True))
    assert (np.stack(found) == np.stack(frames)).all()


@pytest.mark.parametrize("kept", [200, 1000, 20_000])
def test_damaged_files_are_one_line(tmp_path: Path, kept: int) -> None:
    write_dicom(tmp_path / "a.dcm", GREY, "MONOCHROME2")
    save(tmp_path / "a.png", GREY)
    for path in list(tmp_path.iterdir()):
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(InputError, match=r"damaged|without an image") as error:
            list(frames_of(path, grey=True))
        assert "\n" not in str(error.value)
