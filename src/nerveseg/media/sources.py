"""What a command names, file, folder, pattern or camera, as a list of sources of frames."""

import glob
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from numpy.typing import NDArray

from nerveseg.errors import InputError
from nerveseg.media.frame import Frame, Levels
from nerveseg.media.headers import format_of
from nerveseg.media.stills import read_still, read_still_values

Kind = Literal["still", "dicom", "video", "camera"]

_JPEG_SUFFIXES: Final = frozenset({".jpg", ".jpeg"})
_STILL_SUFFIXES: Final = frozenset({".png", ".tif", ".tiff", ".bmp"}) | _JPEG_SUFFIXES
_DICOM_SUFFIXES: Final = frozenset({".dcm", ".dicom", ".ima"})
_VIDEO_SUFFIXES: Final = frozenset(
    {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"}
)
_HEAD: Final = 132  # bytes, up to the mark of DICOM


class Source(NamedTuple):
    """One still, cine loop, video or camera.

    Attributes:
        name: path relative to what was named, with '/'; it names the outputs.
        path: the file; for a camera, its number.
        kind: what it is.
    """

    name: str
    path: Path
    kind: Kind

    @classmethod
    def of_file(cls, path: Path) -> "Source":
        """Return a file as a source; what is not recognised is held for a still."""
        return cls(_readable(path.name), path, _kind(path) or "still")

    @property
    def is_lossy(self) -> bool:
        """Whether compression may have changed its values, by its name."""
        return self.path.suffix.lower() in _JPEG_SUFFIXES | _VIDEO_SUFFIXES

    def frames(self, levels: Levels | None = None) -> Iterator[Frame]:
        """Yield its frames.

        Args:
            levels: the values of a file that become black and white; see
                `nerveseg.media.frame.to_grey`.

        Raises:
            InputError: it cannot be read.
            ModuleNotFoundError: a package of the extra `media` is not installed.
        """
        # Imported here, because whoever predicts stills needs no package of the extra `media`.
        if self.kind == "dicom":
            from nerveseg.media.dicom import read_dicom

            return read_dicom(self.path, levels)
        if self.kind == "video":
            from nerveseg.media.video import read_video

            return read_video(self.path, levels)
        if self.kind == "camera":
            from nerveseg.media.camera import read_camera

            return read_camera(int(self.path.name))
        return iter((read_still(self.path, levels),))

    def values(self) -> Iterator[NDArray[Any]]:
        """Yield the values that each frame of a file stores, as a mask of classes has them.

        Yields:
            H x W uint8 or uint16, or H x W x 3 (red, green, blue); the indices of a palette.

        Raises:
            InputError: it cannot be read.
            ModuleNotFoundError: a package of the extra `media` is not installed.
        """
        if self.kind == "dicom":
            from nerveseg.media.dicom import read_dicom_values

            return read_dicom_values(self.path)
        if self.kind == "video":
            from nerveseg.media.video import read_video_values

            return read_video_values(self.path)
        return iter((read_still_values(self.path),))


def find_sources(inputs: Sequence[str], leave_out: Sequence[Path] = ()) -> list[Source]:
    """Return the sources that `inputs` name, in their order and sorted within a folder.

    A folder stands for the stills, DICOM files and videos in it and below it, except hidden ones; a
    pattern for what it matches. A number that is no file is a camera.

    Args:
        inputs: paths, patterns such as 'frames/*.png', or numbers of cameras.
        leave_out: folders whose files do not count, such as those of the outputs.

    Raises:
        InputError: a path does not exist, a pattern or folder is without images, all of them are
            in `leave_out`, or two files would have the same name among the outputs.
    """
    found: dict[str, Source] = {}
    for text in inputs:
        named = list(_named(text))
        sources = [each for each in named if not _inside(each.path, leave_out)]
        if named and not sources:
            raise InputError(
                f"{text}: lies in a folder of the outputs; write them to another folder"
            )
        if not sources:
            raise InputError(f"{text}: no image, DICOM file or video there; check the path")
        for source in sources:
            other = found.setdefault(source.name, source)
            if other.path != source.path:
                raise InputError(
                    f"{other.path} and {source.path} would both be called {source.name} among the "
                    "outputs; predict them into different folders"
                )
    return list(found.values())


def _named(text: str) -> Iterable[Source]:
    if not text:
        raise InputError("an empty path; give a file, a folder, a pattern or a camera's number")
    path = Path(text)
    if path.is_dir():
        return _of_folder(path)
    if path.is_file():
        return [Source.of_file(path)]
    if re.fullmatch(r"[0-9]{1,3}", text):
        return [Source(f"camera-{int(text)}", path, "camera")]
    if glob.has_magic(text):
        root = _root_of(path)
        matches = sorted(Path(each) for each in glob.glob(text, recursive=True))  # noqa: PTH207
        return _known((each for each in matches if each.is_file()), root)
    raise InputError(f"{text}: not found; give a file, a folder, a pattern or a camera's number")


def _of_folder(folder: Path) -> Iterable[Source]:
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    shown = (
        each
        for each in files
        if not any(part.startswith(".") for part in each.relative_to(folder).parts)
    )
    return _known(shown, folder)


def _known(files: Iterable[Path], root: Path) -> Iterator[Source]:
    """Yield those of `files` that are media; a folder may hold other files, too."""
    for path in files:
        if kind := _kind(path):
            name = path.relative_to(root)
            if ".." in name.parts:
                raise InputError(
                    f"{path}: leads out of the pattern; write the pattern without '..'"
                )
            yield Source(_readable(name.as_posix()), path, kind)


def _kind(path: Path) -> Kind | None:
    suffix = path.suffix.lower()
    if suffix in _VIDEO_SUFFIXES:
        return "video"
    try:
        with path.open("rb") as file:
            form = format_of(file.read(_HEAD))
    except OSError:
        return "still"  # reading it says why it cannot be read
    if form == "dicom" or (form is None and suffix in _DICOM_SUFFIXES):
        return "dicom"
    return "still" if form or suffix in _STILL_SUFFIXES else None


def _readable(name: str) -> str:
    """Return a name as text that can be written: file names may hold bytes that are no UTF-8."""
    return name.encode("utf-8", "replace").decode()


def _root_of(pattern: Path) -> Path:
    """Return the folder in front of the first part of a pattern that is not plain."""
    parts = pattern.parts
    plain = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:plain])


def _inside(path: Path, folders: Iterable[Path]) -> bool:
    return any(folder.resolve() in path.resolve().parents for folder in folders)
