"""Writes DICOM files for tests."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pydicom
from pydicom._dicom_dict import DicomDictionary
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

MARKER: Final = "ZZMARKZZ"
MARKED: Final[Mapping[str, object]] = {
    "PN": f"{MARKER}^{MARKER}",
    "DA": "19010203",
    "TM": "040506",
    "DT": "19010203040506",
    "AS": "099Y",
    "UI": "1.2.3.9876543210123",
    "DS": "98765.43",
    "IS": "98765",
} | dict.fromkeys(("AE", "LO", "SH", "LT", "ST", "UC", "UT"), MARKER)
MARKS: Final = (MARKER, "19010203", "040506", "099Y", "9876543210123", "98765.43")
"""Texts that may be nowhere in what is written or shown."""

_GROUPS: Final = (0x0008, 0x0010, 0x0012, 0x0032, 0x0038)
_NEEDED: Final = ("SpecificCharacterSet", "SOPClassUID")


def dataset(pixels: np.ndarray, photometric: str, **elements: Any) -> FileDataset:  # noqa: ANN401
    """Return a file of `pixels`: H x W, N x H x W, H x W x 3 or N x H x W x 3."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = pydicom.uid.UltrasoundMultiFrameImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID = meta.MediaStorageSOPClassUID
    file.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    colour = photometric.startswith(("RGB", "YBR"))
    several = pixels.ndim == 3 + colour
    file.Rows, file.Columns = pixels.shape[several : several + 2]
    file.SamplesPerPixel = 3 if colour else 1
    if colour:
        file.PlanarConfiguration = 0
    if several:
        file.NumberOfFrames = len(pixels)
    file.PhotometricInterpretation = photometric
    file.BitsAllocated = file.BitsStored = 8 * pixels.dtype.itemsize
    file.HighBit = file.BitsStored - 1
    file.PixelRepresentation = 0
    file.PixelData = pixels.tobytes()
    for name, value in elements.items():
        setattr(file, name, value)
    return file


def save(path: Path, file: FileDataset) -> Path:
    """Write a file."""
    file.save_as(path, enforce_file_format=True)
    return path


def region(left: int, top: int, right: int, bottom: int, **elements: Any) -> Dataset:  # noqa: ANN401
    """Return a region of 2D tissue with 0.01 cm a pixel; `right` and `bottom` belong to it."""
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType = 1, 1
    item.RegionLocationMinX0, item.RegionLocationMinY0 = left, top
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = right, bottom
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX = item.PhysicalDeltaY = 0.01
    for name, value in elements.items():
        setattr(item, name, value)
    return item


def regions(*items: Dataset) -> Sequence:
    """Return a sequence of regions."""
    return Sequence(items)


def mark(file: FileDataset) -> int:
    """Fill every element about patient, study, visit and equipment; return how many."""
    count = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # retired elements
        for tag, (kind, _, _, _, keyword) in DicomDictionary.items():
            if tag >> 16 in _GROUPS and kind in MARKED and keyword and keyword not in _NEEDED:
                file.add_new(tag, kind, MARKED[kind])
                count += 1
        block = file.private_block(0x0011, "MAKER", create=True)
        block.add_new(1, "LO", MARKER)
    return count
