"""The zip that `nerveseg share` makes: an artefact, and the card that describes it."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from nerveseg.atomic import whole_file
from nerveseg.data.zip_limits import UNREADABLE, check_entry
from nerveseg.errors import InputError, within

MODEL: Final = "model.safetensors"
CARD: Final = "README.md"

MOST_MODEL_BYTES: Final = 4 << 30
"""Limit on the size of an artefact in a zip; the largest network has about 250 MB."""

_SUFFIX: Final = ".zip"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the same run must give the same zip


def check_target(out: Path) -> None:
    """Refuse to write a package over something else, or under a name that says another format.

    Raises:
        InputError: the name does not end in .zip, or what is there is no package.
    """
    if out.suffix.lower() != _SUFFIX:
        raise InputError(f"{out}: the shared run is a zip; give a name that ends in {_SUFFIX}")
    if os.path.lexists(out) and not _is_package(out):
        raise InputError(
            f"{out}: is there, and nerveseg share has not written it; give another name with -o"
        )


def _is_package(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return set(archive.namelist()) == {CARD, MODEL}
    except UNREADABLE:
        return False


def write_package(out: Path, artefact: Path, card: str) -> None:
    """Write a zip of the artefact at `artefact` and of `card`, a text in Markdown."""
    with whole_file(out) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr(zipfile.ZipInfo(CARD, _EPOCH), card)
        # Stored as it is: weights do not compress.
        info = zipfile.ZipInfo(MODEL, _EPOCH)
        info.file_size = artefact.stat().st_size
        with artefact.open("rb") as source, archive.open(info, "w") as target:
            shutil.copyfileobj(source, target)


@contextmanager
def unpacked_model(path: Path) -> Iterator[Path]:
    """Yield the path of a file of weights: `path` itself, or what the zip at `path` holds.

    Raises:
        InputError: the zip is damaged, or holds no artefact.
    """
    if not _is_zip(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / MODEL
        with within(str(path)):
            _extract(path, target)
        try:
            yield target
        except InputError as error:
            # The reader knows only the temporary name.
            raise InputError(str(error).replace(str(target), f"{path}: {MODEL}")) from error


def _is_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False  # whoever reads the file says why it cannot be read


def _extract(path: Path, target: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            try:
                info = archive.getinfo(MODEL)
            except KeyError:
                raise InputError(
                    f"no {MODEL} inside; give a zip that nerveseg share wrote"
                ) from None
            check_entry(info, MOST_MODEL_BYTES, MODEL)
            with archive.open(info) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
    except UNREADABLE as error:
        raise InputError(f"damaged ({error}); fetch it again") from error
