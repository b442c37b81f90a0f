"""The files of a competition by their names in the layout, from a folder or from nested zips."""

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO, Final, Self

from nerveseg.data.layout import FOLDERS, canonical_name
from nerveseg.errors import InputError

_UNREADABLE: Final = (
    zipfile.BadZipFile,  # includes a wrong CRC
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,  # a compression method that zipfile does not support
    RuntimeError,  # encrypted
)
_File = tuple[tuple[str, ...], str, Callable[[], bytes]]  # path components, name for messages, read


class Entries:
    """Opened files, in the order of the archive.

    `read` may be called from several threads.
    """

    def __init__(self, path: Path) -> None:
        """List the files of a zip or folder, and of the zips inside it (such as train.zip).

        Raises:
            InputError: `path` is missing or unreadable, an entry points outside its folder, or two
                entries have the same name in the layout.
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
            raise InputError(f"{self.path}: not found; give the path of an existing zip or folder")
        for components, label, read in found:
            name = canonical_name(components)
            if name is None:
                continue
            if name in self._files:
                raise InputError(
                    f"{self.path}: {name} is present twice, as {self._files[name][0]} and as "
                    f"{label}; remove one of them"
                )
            self._files[name] = (label, read)

    def _in_zip(self, file: IO[bytes], label: str, enclosing: str | None = None) -> Iterator[_File]:
        try:
            # Given a file object rather than a path, zipfile never closes it while another thread
            # reads.
            archive = self._open.enter_context(zipfile.ZipFile(file))
        except _UNREADABLE as error:
            raise InputError(f"{label}: not readable as a zip ({error}); fetch it again") from error
        for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
            components = _components(info.filename, label)
            if info.is_dir():
                continue
            if components[-1].endswith(".zip") and enclosing is None:
                inner = f"{label}: {info.filename}"
                unpacked = self._unpacked(archive, info, inner)
                yield from self._in_zip(unpacked, inner, components[-1].removesuffix(".zip"))
                continue
            if len(components) == 1 and enclosing in FOLDERS:
                components = (enclosing, *components)
            yield components, f"{label}: {info.filename}", _reader(archive, info, label)

    def _unpacked(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str) -> IO[bytes]:
        # Into a temporary file, because seeking backwards in a compressed entry means reading it
        # again from its start.
        file = self._open.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        try:
            with archive.open(info) as source:
                shutil.copyfileobj(source, file, 1 << 20)
        except _UNREADABLE as error:
            raise InputError(f"{label}: damaged ({error}); fetch the archive again") from error
        return file

    def __iter__(self) -> Iterator[str]:
        """Iterate over the layout names of the files, in the order of the archive."""
        return iter(self._files)

    def __contains__(self, name: str) -> bool:
        """Return whether a file has the layout name `name`."""
        return name in self._files

    def label(self, name: str) -> str:
        """Return how messages refer to `name`: with the archive that contains it."""
        return self._files[name][0] if name in self._files else f"{self.path}: {name}"

    def read(self, name: str) -> bytes:
        """Return the content of the file `name`.

        Raises:
            InputError: the file is missing or damaged.
        """
        if name not in self._files:
            raise InputError(f"{self.path}: {name} is missing; fetch the archive again or add it")
        return self._files[name][1]()

    def close(self) -> None:
        """Close the archive."""
        self._open.close()

    def __enter__(self) -> Self:
        """Return the opened files."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the archive."""
        self.close()


def _in_folder(root: Path) -> Iterator[_File]:
    # As deep as the layout goes, plus one enclosing folder. Links may lead outside the folder:
    # unlike an archive, it is under the control of its owner.
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


def _components(name: str, label: str) -> tuple[str, ...]:
    """Return the folders and file name of an entry, which must stay inside the archive."""
    plain = name.replace("\\", "/")  # some Windows tools write backslashes
    components = PurePosixPath(plain).parts
    outside = plain.startswith("/") or ".." in components
    if not components or outside or components[0].endswith(":"):
        raise InputError(
            f"{label}: the entry '{name}' points outside its folder; do not use this archive; "
            "download it from its original source"
        )
    return components
