"""The source `kaggle`: downloads the competition's archive, resumes after a break, verifies it."""

import shutil
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Final

from nerveseg.data import layout
from nerveseg.data.archive import Competition
from nerveseg.data.sources import write_truth
from nerveseg.errors import InputError
from nerveseg.kaggle_client import service
from nerveseg.kaggle_client.retry import RETRY_SECONDS
from nerveseg.kaggle_client.service import locked
from nerveseg.params.data import DataParams

MEGABYTE: Final = 1_000_000
LOCK: Final = "lock"


def obtain(params: DataParams, out: Path) -> None:
    """Download the competition to `out`, as `sources.Obtain` describes.

    Raises:
        InputError: as for `fetch`.
    """
    fetch(params.kaggle.competition, out / layout.ARCHIVE)
    write_truth(out)


def fetch(
    slug: str,
    archive: Path,
    question_seconds: float = service.QUESTION_SECONDS,
    stall_seconds: float = service.STALL_SECONDS,
    retry_seconds: float = RETRY_SECONDS,
) -> None:
    """Download the archive of competition `slug` to `archive`.

    Credentials, acceptance of the rules and free disk space are checked first. The download is
    stored elsewhere until it is verified, because DVC removes `archive` before each run and an
    interrupted download should resume.

    Args:
        slug: the competition's name in its URL.
        archive: path of the zip; it is written whole and verified, or not at all.
        question_seconds: how long Kaggle may take to answer each request before the download.
        stall_seconds: how long the download may stall before it is aborted.
        retry_seconds: how long the pauses may be in all while Kaggle cannot be reached.

    Raises:
        InputError: credentials are missing or refused, the rules are not accepted, the
            competition is unknown, Kaggle is unavailable or limits requests, the network is down
            or too slow, the disk is full, or the archive is damaged or not the competition's.
    """
    folder = archive.parent.with_name("arriving")
    arriving = folder / f"{slug}.zip"
    with locked(folder / LOCK) as held:
        need = service.archive_bytes(slug, question_seconds, retry_seconds)
        _check_room(arriving, need)
        service.download(slug, folder, stall_seconds, retry_seconds, held)
        _verify(arriving)
        archive.parent.mkdir(parents=True, exist_ok=True)
        arriving.replace(archive)
        (folder / LOCK).unlink()
    with suppress(OSError):  # the folder holds other files, which must stay
        folder.rmdir()


def _check_room(arriving: Path, need: int) -> None:
    here = arriving.stat().st_size if arriving.exists() else 0
    free = shutil.disk_usage(arriving.parent).free
    if need - here > free:
        raise InputError(
            f"{arriving.parent}: the archive needs {(need - here) / MEGABYTE:,.0f} MB, but "
            f"only {free / MEGABYTE:,.0f} MB are free; delete some files and run again"
        )


def _verify(arriving: Path) -> None:
    try:
        with Competition(arriving) as competition:
            competition.verify()
    except InputError as error:
        if _intact(arriving):
            raise InputError(f"{error} (the download is intact: its checksums hold)") from error
        # The client compares only sizes and would take the damaged file for a complete one.
        arriving.unlink()
        raise InputError(
            f"{arriving.name}: the download arrived damaged and was removed; run again to "
            "download it again"
        ) from error


def _intact(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as file:
            return file.testzip() is None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
        return False
