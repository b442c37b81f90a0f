"""The frames of a file: one of a still, or those of a DICOM file or a video.

DICOM and video are read here and nowhere else in this package. Of a DICOM header, only what is
needed to decode the pixels is read, and nothing of it is written.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.errors import InputError
from nerveseg.importing.stills import STILL_ENDS, check_size, read_still

MOST_BYTES: Final = 4 << 30
"""Limit on the size of a video or of a DICOM file in bytes; frames are read one by one."""

MOST_FRAMES: Final = 20_000
"""Limit on the number of frames of a video or of a DICOM file."""

_VIDEO_ENDS: Final = (".mp4", ".avi", ".mov", ".mkv", ".m4v", ".mpg", ".mpeg", ".webm", ".wmv")
_LOSSY_ENDS: Final = (".jpg", ".jpeg", *_VIDEO_ENDS)
_DICOM_MARK: Final = b"DICM"
_COLOURS: Final = 3


def is_lossy(path: Path) -> bool:
    """Return whether compression may have changed the values of a file, by its name."""
    return path.name.lower().endswith(_LOSSY_ENDS)


def frames_of(path: Path, grey: bool) -> Iterator[NDArray[Any]]:
    """Yield the frames of a file, one by one.

    Args:
        path: a still, a DICOM file or a video.
        grey: whether colours become grey levels and the display settings of DICOM apply, as for
            an image. Without it, values are those that the file stores, as for a mask.

    Yields:
        H x W uint8, int32 or float64; H x W x 3 uint8 (red, green, blue) for colours unless `grey`.

    Raises:
        InputError: the file is unreadable, damaged, too large or of another format; the message
            does not name it.
    """
    try:
        size, dicom = path.stat().st_size, _is_dicom(path)
    except OSError as error:
        raise InputError(f"not readable ({error.strerror}); give yourself permission") from error
    if size > MOST_BYTES:
        raise InputError(f"more than {MOST_BYTES:,} bytes; cut it into smaller files")
    if dicom:
        yield from _guarded(_dicom_frames(path, grey), "a damaged DICOM file")
    elif path.name.lower().endswith(_VIDEO_ENDS):
        yield from _guarded(_video_frames(path, grey), "a damaged video")
    elif path.name.lower().endswith(STILL_ENDS):
        yield read_still(path, grey)
    else:
        raise InputError(
            "neither DICOM nor a file name that ends like an image or a video; convert it to PNG, "
            "or narrow the pattern"
        )


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == _DICOM_MARK


def _guarded(frames: Iterator[NDArray[Any]], what: str) -> Iterator[NDArray[Any]]:
    """Yield `frames`; report the decoders' many types of errors as an InputError."""
    try:
        for count, frame in enumerate(frames):
            if count == MOST_FRAMES:
                raise InputError(f"more than {MOST_FRAMES:,} frames; cut it into several files")
            yield frame
    except (InputError, ModuleNotFoundError):
        raise
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise InputError(f"{what} ({reason}); replace it") from error


def _dicom_frames(path: Path, grey: bool) -> Iterator[NDArray[Any]]:
    import pydicom
    from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
    from pydicom.pixels.utils import iter_pixels

    header = pydicom.dcmread(path, stop_before_pixels=True)
    if "Rows" not in header or "Columns" not in header:
        raise InputError("a DICOM file without an image; leave it out")
    check_size((int(header.Rows), int(header.Columns)))
    kind = str(header.get("PhotometricInterpretation", ""))
    for stored in iter_pixels(path):
        values = stored
        if kind == "PALETTE COLOR" and grey:
            values = _to_8_bit_colours(apply_color_lut(stored, header))
        elif values.ndim == 2 and grey:  # noqa: PLR2004
            values = apply_voi_lut(apply_modality_lut(stored, header), header)
            if kind == "MONOCHROME1":
                values = values.max() - values
        yield _grey(values) if grey else values


def _video_frames(path: Path, grey: bool) -> Iterator[NDArray[Any]]:
    import av

    with av.open(str(path)) as container:
        if not container.streams.video:
            raise InputError("a file without a video; leave it out")
        stream = container.streams.video[0]
        check_size((stream.codec_context.height, stream.codec_context.width))
        for frame in container.decode(stream):
            check_size((frame.height, frame.width))
            yield frame.to_ndarray(format="gray" if grey else "rgb24")


def _to_8_bit_colours(values: NDArray[Any]) -> NDArray[np.uint8]:
    return (values >> 8 if values.dtype == np.uint16 else values).astype(np.uint8)


def _grey(values: NDArray[Any]) -> NDArray[Any]:
    if values.ndim == _COLOURS:
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(values), cv2.COLOR_RGB2GRAY))
    return values
