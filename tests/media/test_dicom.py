"""DICOM stills and cines read as the grey levels that were stored."""

import traceback
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

import dicoms
from dicoms import MARKS, dataset, mark, region, regions, save
from nerveseg.errors import InputError
from nerveseg.media.dicom import read_dicom, read_dicom_values
from nerveseg.media.frame import Frame, Region


@pytest.fixture
def levels() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (3, 64, 80), dtype=np.uint8)


def frames(folder: Path, file: pydicom.FileDataset) -> list[Frame]:
    return list(read_dicom(save(folder / "a.dcm", file)))


def test_frames_of_a_cine_come_in_order_with_their_times(
    tmp_path: Path, levels: np.ndarray
) -> None:
    found = frames(tmp_path, dataset(levels, "MONOCHROME2", FrameTime=40))
    assert np.array_equal([frame.image for frame in found], levels)
    assert [frame.time for frame in found] == [0.0, 0.04, 0.08]
    assert found[0].region is None
    assert found[0].spacing is None


def test_monochrome1_is_inverted(tmp_path: Path, levels: np.ndarray) -> None:
    [frame] = frames(tmp_path, dataset(levels[0], "MONOCHROME1"))
    assert np.array_equal(frame.image, 255 - levels[0])


def test_bits_that_are_stored_set_the_scale(tmp_path: Path) -> None:
    wide = np.zeros((16, 16), np.uint16)
    wide[0, :2] = 1000, 4095
    [frame] = frames(tmp_path, dataset(wide, "MONOCHROME2", BitsStored=12, HighBit=11))
    assert frame.image[0, :3].tolist() == [round(1000 * 255 / 4095), 255, 0]
    [frame] = read_dicom(tmp_path / "a.dcm", levels=(1000, 2000))
    assert frame.image[0, :3].tolist() == [0, 255, 0]


def test_values_are_those_that_are_stored(tmp_path: Path, levels: np.ndarray) -> None:
    for kind in ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"):
        path = save(tmp_path / "a.dcm", dataset(levels, kind))
        assert np.array_equal(list(read_dicom_values(path)), levels)
    colours = np.moveaxis(levels, 0, -1).copy()
    path = save(tmp_path / "a.dcm", dataset(colours, "RGB"))
    assert np.array_equal(list(read_dicom_values(path)), [colours])


def test_one_bit_is_black_or_white_and_0_or_1(tmp_path: Path, levels: np.ndarray) -> None:
    bits = levels[0] > 99
    file = dataset(levels[0], "MONOCHROME2", BitsAllocated=1, BitsStored=1, HighBit=0)
    file.PixelData = np.packbits(bits.reshape(-1), bitorder="little").tobytes()
    [frame] = frames(tmp_path, file)
    assert np.array_equal(frame.image, bits * 255)
    assert np.array_equal(list(read_dicom_values(tmp_path / "a.dcm")), [bits])


def test_colour_becomes_luma_and_grey_in_colour_keeps_its_levels(
    tmp_path: Path, levels: np.ndarray
) -> None:
    grey = np.repeat(levels[0][..., np.newaxis], 3, axis=2)
    [frame] = frames(tmp_path, dataset(grey, "RGB"))
    assert np.array_equal(frame.image, levels[0])
    colours = np.moveaxis(levels, 0, -1).copy()
    [frame] = frames(tmp_path, dataset(colours, "RGB"))
    luma = colours @ np.array([0.299, 0.587, 0.114])
    assert np.abs(frame.image - luma).max() <= 0.51


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_palette_is_applied(
    tmp_path: Path, levels: np.ndarray, bits: int, compressed: bool
) -> None:
    kind = np.uint8 if bits == 8 else np.uint16
    table = (np.arange(256)[::-1] * (1 if bits == 8 else 257)).astype(kind)
    file = dataset(levels, "PALETTE COLOR")
    for colour in ("Red", "Green", "Blue"):
        setattr(file, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, bits])
        setattr(file, f"{colour}PaletteColorLookupTableData", table.tobytes())
    if compressed:
        file.compress(RLELossless)
    found = frames(tmp_path, file)
    assert np.array_equal([frame.image for frame in found], 255 - levels)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_lossless_compression_changes_nothing(
    tmp_path: Path, levels: np.ndarray, syntax: pydicom.uid.UID
) -> None:
    file = dataset(levels, "MONOCHROME2")
    file.compress(syntax)
    assert np.array_equal([frame.image for frame in frames(tmp_path, file)], levels)


def jpeg(levels: np.ndarray, rows: int) -> pydicom.FileDataset:
    _, content = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, 100])
    file = dataset(levels, "MONOCHROME2", Rows=rows)
    file.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    file.PixelData = pydicom.encaps.encapsulate([content.tobytes()])
    file["PixelData"].is_undefined_length = True
    return file


def test_a_jpeg_is_read(tmp_path: Path, levels: np.ndarray) -> None:
    [frame] = frames(tmp_path, jpeg(levels[0], 64))
    assert np.abs(frame.image.astype(int) - levels[0]).max() <= 4


def test_a_compressed_frame_of_another_size_is_refused(tmp_path: Path, levels: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"a\.dcm: a compressed frame has another size than its"):
        frames(tmp_path, jpeg(levels[0], 63))


def test_a_region_that_is_hardly_there_is_one_line(tmp_path: Path, levels: np.ndarray) -> None:
    items = regions(region(2, 1, 4, 40))
    with pytest.raises(InputError, match=r"a\.dcm: its part with tissue is less than 5 pixels"):
        frames(tmp_path, dataset(levels[0], "MONOCHROME2", SequenceOfUltrasoundRegions=items))


def test_the_largest_region_of_tissue_is_the_region(tmp_path: Path, levels: np.ndarray) -> None:
    items = regions(
        region(0, 0, 3, 3),
        region(2, 1, 21, 10, PhysicalDeltaY=-0.02),
        region(0, 0, 79, 63, RegionDataType=3),  # a spectrum
        region(0, 0, 79, 63, RegionSpatialFormat=2),  # M mode
    )
    file = dataset(levels[0], "MONOCHROME2", SequenceOfUltrasoundRegions=items, PixelSpacing=[9, 9])
    [frame] = frames(tmp_path, file)
    assert frame.region == Region(top=1, left=2, height=10, width=20)
    assert frame.spacing == pytest.approx((0.2, 0.1))


def test_a_region_beyond_the_frame_is_cut(tmp_path: Path, levels: np.ndarray) -> None:
    items = regions(region(70, 60, 99, 99, PhysicalUnitsXDirection=4))
    [frame] = frames(tmp_path, dataset(levels[0], "MONOCHROME2", SequenceOfUltrasoundRegions=items))
    assert frame.region == Region(top=60, left=70, height=4, width=10)
    assert frame.spacing is None, "a unit that is no length"


def test_pixel_spacing_is_height_and_width(tmp_path: Path, levels: np.ndarray) -> None:
    [frame] = frames(tmp_path, dataset(levels[0], "MONOCHROME2", PixelSpacing=[0.3, 0.2]))
    assert frame.spacing == (0.3, 0.2)


@pytest.mark.parametrize(
    ("elements", "said"),
    [
        ({"Rows": 65535, "Columns": 65535}, "more than the 33,554,432 pixels"),
        ({"Rows": 0}, "less than the 16 x 16 pixels"),
        ({"PixelRepresentation": 1}, "unsigned"),
        ({"BitsAllocated": 32}, "8 or 16 bits"),
        ({"SegmentedRedPaletteColorLookupTableData": b"\0\0"}, "segmented"),
        ({"PixelData": b"ab"}, "damaged DICOM file"),
        ({"NumberOfFrames": 100000}, "damaged DICOM file"),
    ],
)
def test_what_is_no_frame_is_refused(
    tmp_path: Path, levels: np.ndarray, elements: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match=rf"a\.dcm: .*{said}"):
        frames(tmp_path, dataset(levels[0], "MONOCHROME2", **elements))


def test_a_deflated_file_is_refused_before_it_is_inflated(
    tmp_path: Path, levels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = dataset(levels[0], "MONOCHROME2")
    file.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = save(tmp_path / "a.dcm", file)
    monkeypatch.setattr("pydicom.dcmread", lambda *_: pytest.fail("read"))
    with pytest.raises(InputError, match="deflated"):
        list(read_dicom(path))


def test_messages_about_damaged_files_quote_no_header(
    tmp_path: Path, levels: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    file = dataset(levels[0], "MONOCHROME2")
    assert mark(file) > 200
    content = save(tmp_path / "whole.dcm", file).read_bytes()
    path = tmp_path / "a.dcm"
    said = []
    for end in range(140, len(content), len(content) // 40):
        path.write_bytes(content[:end])
        try:
            list(read_dicom(path))
        except InputError as error:
            said.append(str(error))
    assert len(said) > 30
    texts = [*said, caplog.text]
    assert not [mark for mark in MARKS for text in texts if mark in text]


def test_a_colour_jpeg_becomes_luma(tmp_path: Path, levels: np.ndarray) -> None:
    smooth = cv2.GaussianBlur(np.moveaxis(levels, 0, -1).copy(), (0, 0), 6)
    _, content = cv2.imencode(".jpg", smooth[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 100])
    file = dataset(smooth, "RGB", PhotometricInterpretation="YBR_FULL_422")
    file.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    file.PixelData = pydicom.encaps.encapsulate([content.tobytes()])
    file["PixelData"].is_undefined_length = True
    [frame] = frames(tmp_path, file)
    luma = smooth @ np.array([0.299, 0.587, 0.114])
    assert np.abs(frame.image - luma).max() <= 3


@pytest.mark.parametrize("element", ["FrameTime", "CineRate", "NumberOfFrames", "Rows"])
def test_a_value_that_is_no_number_is_not_quoted(
    tmp_path: Path, levels: np.ndarray, element: str, recwarn: pytest.WarningsRecorder
) -> None:
    file = dataset(levels[0], "MONOCHROME2")
    if element == "Rows":
        file.add_new("Rows", "LO", dicoms.MARKER)
    else:
        setattr(file, element, 98765432)
    path = save(tmp_path / "a.dcm", file)
    path.write_bytes(path.read_bytes().replace(b"98765432", dicoms.MARKER.encode()))
    assert dicoms.MARKER.encode() in path.read_bytes()
    with pytest.raises(InputError, match="a damaged DICOM file") as refused:
        list(read_dicom(path))
    text = "".join(traceback.format_exception(refused.value))
    assert dicoms.MARKER not in text
    assert not recwarn.list
