"""The competition's archive from Kaggle: checked before, resumed when cut, verified after."""

import shutil
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Final

from nerveseg.data.archive import Competition
from nerveseg.errors import InputError
from nerveseg.kaggle_client import process, service
from nerveseg.kaggle_client.lock import locked

MEGABYTE: Final = 1_000_000
LOCK: Final = "lock"


def fetch(
    slug: str,
    archive: Path,
    question_seconds: float = service.QUESTION_SECONDS,
    stall_seconds: float = service.STALL_SECONDS,
) -> None:
    """Download the archive of competition `slug` to `archive`.

    Credentials, rules and disk are checked before the first byte is stored. What arrives is
    kept apart from `archive` until it is verified: DVC removes that file before each run, and a
    cut download is to go on where it stopped.

    Args:
        slug: the competition's name in its address.
        archive: where the zip goes; whole and verified, or not there.
        question_seconds: how long Kaggle may take to answer what is asked before.
        stall_seconds: how long the download may pause before it is given up.

    Raises:
        InputError: no or refused credentials, rules not accepted, unknown competition, Kaggle
            out of order or limiting requests, no network, too slow, a full disk, or an archive
            that is damaged or not the competition's.
    """
    folder = archive.parent.with_name("arriving")
    arriving = folder / f"{slug}.zip"
    with locked(folder / LOCK) as held:
        need = service.archive_bytes(slug, question_seconds)
        _check_room(arriving, need)
        process.download(slug, folder, stall_seconds, held)
        _verify(arriving)
        archive.parent.mkdir(parents=True, exist_ok=True)
        arriving.replace(archive)
        (folder / LOCK).unlink()
    with suppress(OSError):  # it holds something else, which is not ours to remove
        folder.rmdir()


def _check_room(arriving: Path, need: int) -> None:
    here = arriving.stat().st_size if arriving.exists() else 0
    free = shutil.disk_usage(arriving.parent).free
    if need - here > free:
        raise InputError(
            f"{arriving.parent}: the archive needs {(need - here) / MEGABYTE:,.0f} MB and "
            f"{free / MEGABYTE:,.0f} MB are free; make room and run again"
        )


def _verify(arriving: Path) -> None:
    try:
        with Competition(arriving) as competition:
            competition.verify()
    except InputError as error:
        if _intact(arriving):
            raise InputError(f"{error} (the download is intact: its checksums hold)") from error
        # The client compares sizes only and would take the damaged file for complete.
        arriving.unlink()
        raise InputError(
            f"{arriving.name}: the download arrived damaged and was removed; run again to fetch "
            "it anew"
        ) from error


def _intact(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as file:
            return file.testzip() is None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
        return False
