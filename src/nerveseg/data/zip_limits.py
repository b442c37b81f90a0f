"""Measures the entries of a zip before they are decompressed: 16 MB can expand to 3 GB and more."""

import lzma
import shutil
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import IO, Final

from nerveseg.csv_reader import MOST_BYTES as MOST_TABLE_BYTES
from nerveseg.data.tiff_header import MOST_BYTES as MOST_IMAGE_BYTES
from nerveseg.errors import InputError

MOST_INNER_BYTES: Final = 8 << 30
"""Limit on the size of a zip within the zip; the competition's train.zip has less than 2 GB."""

UNREADABLE: Final = (
    zipfile.BadZipFile,  # includes a wrong CRC
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,  # a compression method that zipfile does not support
    RuntimeError,  # encrypted
    ValueError,  # includes a name that is not UTF-8
    struct.error,
    OverflowError,
    MemoryError,
)
"""What zipfile raises for damaged and unsupported zips."""

_ENCRYPTED: Final = 1
# Decompressed in steps of this size, so that a wrong size in the directory is noticed in time.
_STEP: Final = 1 << 20
# zipfile decompresses bzip2 without a limit: 4 KB can become 4 GB at once.
_UNBOUNDED: Final = (zipfile.ZIP_BZIP2,)


def most_bytes(name: str) -> int:
    """Return the limit on the size of a file of the archive: a table or an image."""
    return MOST_TABLE_BYTES if name.lower().endswith(".csv") else MOST_IMAGE_BYTES


def read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str) -> bytes:
    """Return the content of an entry: a table or an image.

    Args:
        archive: the opened zip.
        info: the entry.
        label: how messages refer to the entry.

    Raises:
        InputError: the entry is encrypted, damaged, or larger than any table or image may be.
    """
    check_entry(info, most_bytes(info.filename), label)
    try:
        return archive.read(info)
    except UNREADABLE as error:
        raise InputError(f"{label} is damaged ({error}); fetch the archive again") from error


def unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str) -> IO[bytes]:
    """Return a temporary file with the content of an entry, itself a zip.

    Seeking backwards in a compressed entry would mean decompressing it again from its start.

    Args:
        archive: the opened zip.
        info: the entry.
        label: how messages refer to the entry.

    Raises:
        InputError: the entry is encrypted, damaged or too large, or the temporary folder is full.
    """
    check_entry(info, MOST_INNER_BYTES, label)
    folder = Path(tempfile.gettempdir())
    if (free := shutil.disk_usage(folder).free) < info.file_size:
        raise InputError(
            f"{folder}: unpacking {label} needs {info.file_size / 1e6:,.0f} MB, but only "
            f"{free / 1e6:,.0f} MB are free; set TMPDIR to a folder on a larger disk"
        )
    file = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        with _opened(archive, info, label) as source:
            while block := _block(source, label):
                file.write(block)
    except BaseException:
        file.close()
        raise
    return file


def check_entry(info: zipfile.ZipInfo, limit: int, label: str) -> None:
    """Check that an entry can be decompressed with bounded memory.

    Raises:
        InputError: it is encrypted, larger than `limit` bytes, or compressed with bzip2.
    """
    if info.flag_bits & _ENCRYPTED:
        raise InputError(f"{label} is encrypted; unpack it with its password and zip it without")
    if info.compress_type in _UNBOUNDED:
        raise InputError(f"{label} is compressed with bzip2; zip it again with the usual method")
    if info.file_size > limit:
        raise InputError(
            f"{label} has {info.file_size:,} bytes, more than the {limit:,} that such a file may "
            "have; check that it is the right file"
        )


def _opened(archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str) -> IO[bytes]:
    try:
        return archive.open(info)
    except UNREADABLE as error:
        raise InputError(f"{label}: damaged ({error}); fetch the archive again") from error


def _block(source: IO[bytes], label: str) -> bytes:
    try:
        return source.read(_STEP)
    except UNREADABLE as error:
        raise InputError(f"{label}: damaged ({error}); fetch the archive again") from error
