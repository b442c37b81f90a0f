"""The files of a competition by their place in the layout, in a folder or however zipped."""

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO, Final, Self

from nerveseg.data.layout import FOLDERS, place
from nerveseg.errors import InputError

_UNREADABLE: Final = (
    zipfile.BadZipFile,  # also a wrong CRC
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,  # a compression that zipfile does not know
    RuntimeError,  # encrypted
)
_File = tuple[tuple[str, ...], str, Callable[[], bytes]]  # parts, name for messages, read


class Entries:
    """Opened files, listed in the order in which they lie in the archive.

    `read` may be called from several threads.
    """

    def __init__(self, path: Path) -> None:
        """List what a zip or folder holds; zips inside it (train.zip) are looked into.

        Raises:
            InputError: not there or unreadable, an entry points outside its folder, or two
                entries claim one place.
        """
        self.path = path
        self._open = ExitStack()
        self._files: dict[str, tuple[str, Callable[[], bytes]]] = {}
        try:
            self._list()
        except BaseException:
            self.close()
            raise

    def _list(self) -> None:
        if self.path.is_dir():
            found = _in_folder(self.path)
        elif self.path.is_file():
            found = self._in_zip(self._open.enter_context(self.path.open("rb")), str(self.path))
        else:
            raise InputError(f"{self.path}: not found; name a zip or a folder that is there")
        for parts, label, read in found:
            where = place(parts)
            if where is None:
                continue
            if where in self._files:
                raise InputError(
                    f"{self.path}: {where} is there twice, as {self._files[where][0]} and as "
                    f"{label}; leave one of them"
                )
            self._files[where] = (label, read)

    def _in_zip(self, file: IO[bytes], label: str, around: str | None = None) -> Iterator[_File]:
        try:
            # A file object, not a path: zipfile then never closes it under another thread.
            archive = self._open.enter_context(zipfile.ZipFile(file))
        except _UNREADABLE as error:
            raise InputError(f"{label}: not readable as a zip ({error}); fetch it again") from error
        for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
            parts = _parts(info.filename, label)
            if info.is_dir():
                continue
            if parts[-1].endswith(".zip") and around is None:
                inner = f"{label}: {info.filename}"
                unpacked = self._unpacked(archive, info, inner)
                yield from self._in_zip(unpacked, inner, parts[-1].removesuffix(".zip"))
                continue
            if len(parts) == 1 and around in FOLDERS:
                parts = (around, *parts)
            yield parts, f"{label}: {info.filename}", _reader(archive, info, label)

    def _unpacked(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str) -> IO[bytes]:
        # To a temporary file: going back within a zipped file means reading it from its start.
        file = self._open.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        try:
            with archive.open(info) as source:
                shutil.copyfileobj(source, file, 1 << 20)
        except _UNREADABLE as error:
            raise InputError(f"{label}: damaged ({error}); fetch the archive again") from error
        return file

    def __iter__(self) -> Iterator[str]:
        """Return the places that are there, in the archive's order."""
        return iter(self._files)

    def __contains__(self, name: str) -> bool:
        """Return whether the place `name` is there."""
        return name in self._files

    def label(self, name: str) -> str:
        """Return what to call `name` in a message, with the archive it is in."""
        return self._files[name][0] if name in self._files else f"{self.path}: {name}"

    def read(self, name: str) -> bytes:
        """Return the content of the place `name`.

        Raises:
            InputError: it is missing or damaged.
        """
        if name not in self._files:
            raise InputError(f"{self.path}: {name} is missing; fetch the archive again or add it")
        return self._files[name][1]()

    def close(self) -> None:
        """Close the archive."""
        self._open.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the archive."""
        self.close()


def _in_folder(root: Path) -> Iterator[_File]:
    # As deep as the layout goes, with one folder around it; links may lead elsewhere here,
    # for a folder is its owner's own.
    for pattern in ("*", "*/*", "*/*/*"):
        for path in sorted(root.glob(pattern)):
            if path.is_file():
                yield path.relative_to(root).parts, str(path), _file_reader(path)


def _file_reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise InputError(f"{path}: not readable ({error.strerror}); check it") from error

    return read


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return archive.read(info)
        except _UNREADABLE as error:
            raise InputError(
                f"{label}: {info.filename} is damaged ({error}); fetch the archive again"
            ) from error

    return read


def _parts(name: str, label: str) -> tuple[str, ...]:
    """Return the folders and file of an entry's name, which must stay inside the archive."""
    plain = name.replace("\\", "/")  # some tools on Windows write it so
    parts = PurePosixPath(plain).parts
    if not parts or plain.startswith("/") or ".." in parts or parts[0].endswith(":"):
        raise InputError(
            f"{label}: the entry '{name}' points outside its folder; do not use this archive, "
            "fetch it from where it was published"
        )
    return parts
