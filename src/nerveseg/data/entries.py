"""The files of a competition by their names in the layout, from a folder or from nested zips."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO, Final, Self

from nerveseg.csv_reader import read_file
from nerveseg.data.layout import FOLDERS, MOST_AROUND, TABLES, canonical_name
from nerveseg.data.zip_limits import UNREADABLE, most_bytes, read_entry, unpacked
from nerveseg.errors import InputError

_ZIP_END: Final = ".zip"
# Other zips in the archive or folder do not belong to the layout.
_INNER: Final = tuple(f"{name}{_ZIP_END}" for name in (*FOLDERS, *TABLES))
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
            found = self._in_folder(self.path)
        elif self.path.is_file():
            found = self._in_zip(self._opened(self.path), str(self.path))
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

    def _opened(self, path: Path) -> IO[bytes]:
        try:
            return self._open.enter_context(path.open("rb"))
        except OSError as error:
            raise InputError(f"{path}: not readable ({error.strerror}); check it") from error

    def _in_folder(self, root: Path) -> Iterator[_File]:
        # As deep as the layout goes, plus the enclosing folders. Links may lead outside the folder:
        # unlike an archive, it is under the control of its owner.
        for depth in range(MOST_AROUND + 2):
            for path in sorted(root.glob("/".join("*" * (depth + 1)))):
                parts = path.relative_to(root).parts
                if path.name in _INNER and path.is_file():
                    enclosing = path.name.removesuffix(_ZIP_END)
                    yield from self._in_zip(self._opened(path), str(path), enclosing)
                elif canonical_name(parts) is not None and path.is_file():
                    yield parts, str(path), _file_reader(path)

    def _in_zip(self, file: IO[bytes], label: str, enclosing: str | None = None) -> Iterator[_File]:
        try:
            # Given a file object rather than a path, zipfile never closes it while another thread
            # reads.
            archive = self._open.enter_context(zipfile.ZipFile(file))
        except UNREADABLE as error:
            raise InputError(f"{label}: not readable as a zip ({error}); fetch it again") from error
        for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
            components = _components(info.filename, label)
            if info.is_dir() or not components:
                continue
            if components[-1] in _INNER and enclosing is None:
                inner = f"{label}: {info.filename}"
                content = self._open.enter_context(unpacked(archive, info, inner))
                yield from self._in_zip(content, inner, components[-1].removesuffix(_ZIP_END))
                continue
            if len(components) == 1 and enclosing in FOLDERS:
                components = (enclosing, *components)
            yield components, f"{label}: {info.filename}", _entry_reader(archive, info, label)

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


def _file_reader(path: Path) -> Callable[[], bytes]:
    return lambda: read_file(path, most_bytes(path.name))


def _entry_reader(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str
) -> Callable[[], bytes]:
    return lambda: read_entry(archive, info, f"{label}: {info.filename}")


def _components(name: str, label: str) -> tuple[str, ...]:
    """Return the folders and file name of an entry, which must stay inside the archive.

    The entry for the archive's own folder, './', has none.
    """
    plain = name.replace("\\", "/")  # some Windows tools write backslashes
    components = PurePosixPath(plain).parts
    outside = plain.startswith("/") or ".." in components
    if not name or outside or (components and components[0].endswith(":")):
        raise InputError(
            f"{label}: the entry '{name}' points outside its folder; do not use this archive; "
            "download it from its original source"
        )
    return components
