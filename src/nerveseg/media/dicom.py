"""DICOM stills and cine loops as grey frames, or as the values that they store.

Only what is needed to decode and measure the pixels is read. Nothing of a header is written or
shown, and messages of pydicom, which quote values, are dropped: headers hold names of patients.
The attributes are described in DICOM PS3.3, C.7.6.3 (pixels) and C.8.5.5 (ultrasound regions).
"""

import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import encaps, filereader
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import iter_pixels

from nerveseg.errors import InputError, within
from nerveseg.media.frame import (
    Frame,
    Levels,
    Region,
    check_size,
    scale_to_bytes,
    to_grey,
    without_alpha,
)
from nerveseg.media.headers import encapsulated_size

MOST_BYTES: Final = 2 << 30
"""Limit on the size of a DICOM file; a cine loop of a few seconds has some tens of MB."""

_BITS: Final = (1, 8, 16)  # one bit: segmentations
_DEFLATED: Final = "1.2.840.10008.1.2.1.99"
_LEAST_WIDTH: Final = 5  # of a region: as many columns as channels would pass for a colour image
_TWO_DIMENSIONAL, _TISSUE, _CENTIMETRES = 1, 1, 3
_MM_PER_CM: Final = 10.0
_TABLES: Final = ("Red", "Green", "Blue")

# Their loggers quote values, and without a handler Python shows warnings on standard error.
for _name in ("pydicom", "pylibjpeg", "openjpeg", "libjpeg", "rle"):
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).propagate = False


def read_dicom(path: Path, levels: Levels | None = None) -> Iterator[Frame]:
    """Yield the frames of a DICOM file, one after the other.

    Palettes are applied, and the colours reduced to grey levels; MONOCHROME1 is inverted; values
    are scaled from the bits that are in use. Windows and rescaling are not applied. If the file
    outlines two-dimensional images of tissue, the largest is the region to predict.

    Args:
        path: the file.
        levels: the stored values, or the lumas of colours, that become 0 and 255, and with
            MONOCHROME1 255 and 0; None for the bits that are in use.

    Raises:
        InputError: the file is too large, damaged, or stored in a way that is not supported. The
            message quotes nothing of the header.
    """
    with within(str(path)):
        dataset = _dataset(path)
        with _quiet():
            spacing, region = _geometry(dataset)
            seconds = _seconds_per_frame(dataset)
            table = _grey_table(dataset, levels)
        for index, decoded in enumerate(_decoded(dataset)):
            with _quiet():
                image = _grey(decoded, dataset, table, levels)
            time = None if seconds is None else index * seconds
            yield Frame(image, region, spacing, time)


def read_dicom_values(path: Path) -> Iterator[NDArray[Any]]:
    """Yield the values that each frame of a DICOM file stores, as a mask of classes has them.

    Yields:
        H x W uint8 or uint16, or H x W x 3 in colour; the indices of a palette. MONOCHROME1 is not
        inverted.

    Raises:
        InputError: see `read_dicom`.
    """
    with within(str(path)):
        for decoded in _decoded(_dataset(path)):
            yield without_alpha(decoded)


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop the warnings of pydicom, and say of its errors no more than their type."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InputError:
        raise
    except Exception as error:
        # `from None`: the message of the cause may quote the header.
        raise InputError(
            f"a damaged DICOM file, or one stored in a way that is not supported "
            f"({type(error).__name__}); export it again, without compression"
        ) from None


def _dataset(path: Path) -> Dataset:
    with _quiet():
        if path.stat().st_size > MOST_BYTES:
            raise InputError(
                f"more than the {MOST_BYTES:,} bytes that a DICOM file may have; cut it"
            )
        syntax = str(filereader.read_file_meta_info(path).TransferSyntaxUID)
        if syntax == _DEFLATED:
            raise InputError("a deflated DICOM file, which is not supported; export it otherwise")
        dataset = pydicom.dcmread(path)
        _check(dataset)
    return dataset


def _check(dataset: Dataset) -> None:
    """Check what the header declares before pixels are decoded."""
    if "PixelData" not in dataset:
        raise InputError("a DICOM file without an image; choose another")
    check_size(int(dataset.Rows), int(dataset.Columns))
    if int(dataset.get("PixelRepresentation", 0)) or int(dataset.BitsAllocated) not in _BITS:
        raise InputError("its pixels are not unsigned of 1, 8 or 16 bits; export it otherwise")
    if "SegmentedRedPaletteColorLookupTableData" in dataset:
        raise InputError("its palette is segmented, which is not supported; export it otherwise")
    if not dataset.file_meta.TransferSyntaxUID.is_compressed:
        return
    if not get_decoder(dataset.file_meta.TransferSyntaxUID).is_available:
        raise InputError(
            "its compression needs a package that is missing; run pip install 'nerveseg[media]'"
        )
    for frame in encaps.generate_frames(dataset.PixelData, number_of_frames=_count(dataset)):
        size = encapsulated_size(frame)
        # A decoder allocates what the compressed frame declares, not what the header does.
        if size is not None and size != (dataset.Rows, dataset.Columns):
            raise InputError("a compressed frame has another size than its header; export it again")


def _decoded(dataset: Dataset) -> Iterator[NDArray[Any]]:
    with _quiet():  # the message about a number that is none would quote it
        count = _count(dataset)
    frames = iter_pixels(dataset)
    for _ in range(count):
        with _quiet():
            decoded = next(frames)
        yield decoded


def _count(dataset: Dataset) -> int:
    return max(1, int(dataset.get("NumberOfFrames") or 1))


def _grey_table(dataset: Dataset, levels: Levels | None) -> NDArray[np.uint8] | None:
    """Return the grey level of each value of the palette, or None if there is no palette."""
    if dataset.PhotometricInterpretation != "PALETTE COLOR":
        return None
    kind = np.uint8 if dataset.BitsAllocated == 8 else np.uint16  # noqa: PLR2004
    values = np.arange(1 << int(dataset.BitsAllocated), dtype=kind)
    # One table for the whole loop, so that no frame is brighter than its neighbours.
    return to_grey(apply_color_lut(values[np.newaxis], dataset), levels).reshape(-1)


def _grey(
    decoded: NDArray[Any],
    dataset: Dataset,
    table: NDArray[np.uint8] | None,
    levels: Levels | None,
) -> NDArray[np.uint8]:
    if table is not None:
        return np.ascontiguousarray(table[decoded])
    if decoded.ndim == 3:  # noqa: PLR2004
        return to_grey(decoded, levels)
    grey = scale_to_bytes(decoded, levels or (0, (1 << int(dataset.BitsStored)) - 1))
    return ~grey if dataset.PhotometricInterpretation == "MONOCHROME1" else grey


def _geometry(dataset: Dataset) -> tuple[tuple[float, float] | None, Region | None]:
    """Return the spacing in mm (height, width), and the region to predict."""
    found = [
        (region, each)
        for each in dataset.get("SequenceOfUltrasoundRegions") or ()
        if each.get("RegionSpatialFormat") == _TWO_DIMENSIONAL
        and each.get("RegionDataType") == _TISSUE
        and (region := _region(each, dataset)) is not None
    ]
    if found:
        region, item = max(found, key=lambda pair: pair[0].height * pair[0].width)
        if region.width < _LEAST_WIDTH:
            raise InputError(
                f"its part with tissue is less than {_LEAST_WIDTH} pixels wide; leave it out"
            )
        return _region_spacing(item), region
    spacing = dataset.get("PixelSpacing")
    return (_positive(spacing[0], spacing[1]) if spacing else None), None


def _region(item: Dataset, dataset: Dataset) -> Region | None:
    left, top = max(0, int(item.RegionLocationMinX0)), max(0, int(item.RegionLocationMinY0))
    # The last column and row are part of the region.
    right = min(int(dataset.Columns), int(item.RegionLocationMaxX1) + 1)
    bottom = min(int(dataset.Rows), int(item.RegionLocationMaxY1) + 1)
    return Region(top, left, bottom - top, right - left) if bottom > top and right > left else None


def _region_spacing(item: Dataset) -> tuple[float, float] | None:
    units = item.get("PhysicalUnitsYDirection"), item.get("PhysicalUnitsXDirection")
    if units != (_CENTIMETRES, _CENTIMETRES):
        return None
    # A delta is negative where the axis points up or to the left.
    steps = (abs(float(item.get(f"PhysicalDelta{axis}", 0.0))) * _MM_PER_CM for axis in "YX")
    return _positive(*steps)


def _positive(height: Any, width: Any) -> tuple[float, float] | None:  # noqa: ANN401 (DICOM's DS)
    spacing = float(height), float(width)
    return spacing if all(math.isfinite(side) and side > 0 for side in spacing) else None


def _seconds_per_frame(dataset: Dataset) -> float | None:
    if dataset.get("FrameTime"):
        return max(0.0, float(dataset.FrameTime)) / 1000
    rate = float(dataset.get("CineRate") or 0)
    return 1 / rate if rate > 0 else None
