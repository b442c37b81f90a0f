"""A checksum at the end of a file, for formats that have none and ignore what follows their end."""

import struct
import zlib
from pathlib import Path
from typing import Final

_TRAILER: Final = struct.Struct("<8sI")  # mark, CRC-32
_MARK: Final = b"nervecrc"
_STEP: Final = 1 << 20


def append_checksum(path: Path) -> None:
    """Append the CRC-32 of a file's content, 12 bytes with a mark, to the file."""
    checksum = _checksum(path, path.stat().st_size)
    with path.open("ab") as file:
        file.write(_TRAILER.pack(_MARK, checksum))


def fault_of(path: Path) -> str | None:
    """Return what is wrong with a file to which `append_checksum` was applied, or None."""
    end = path.stat().st_size - _TRAILER.size
    if end < 0:
        return "truncated"
    with path.open("rb") as file:
        file.seek(end)
        mark, checksum = _TRAILER.unpack(file.read(_TRAILER.size))
    if mark != _MARK:
        return "truncated, or written by a version without checksums"
    return None if checksum == _checksum(path, end) else "damaged: its checksum does not match"


def _checksum(path: Path, end: int) -> int:
    """Return the CRC-32 of the first `end` bytes of a file."""
    checksum = 0
    with path.open("rb") as file:
        while block := file.read(min(_STEP, end - file.tell())):
            checksum = zlib.crc32(block, checksum)
    return checksum
