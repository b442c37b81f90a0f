"""The source `archive`: a zip or folder of the user's own in the competition's layout."""

import shutil
import zipfile
from collections.abc import Collection
from pathlib import Path

from nerveseg.atomic import whole_file
from nerveseg.csv_reader import read_file
from nerveseg.data import layout
from nerveseg.data.archive import Competition
from nerveseg.data.entries import Entries
from nerveseg.data.sources import write_truth
from nerveseg.errors import InputError
from nerveseg.params.data import DataParams
from nerveseg.submission.score import read_solution


def obtain(params: DataParams, out: Path) -> None:
    """Copy `data.archive` and `data.solution` to `out`, as `sources.Obtain` describes.

    Raises:
        InputError: as for `take`.
    """
    solution = None if params.solution is None else Path(params.solution)
    take(Path(str(params.archive)), solution, out)


def take(source: Path, solution: Path | None, out: Path) -> None:
    """Check a zip or folder, and its solution, and copy both.

    Args:
        source: a zip or a folder in the competition's layout.
        solution: its table img,pixels,Usage; None if the test masks are not known.
        out: the folder to write to.

    Raises:
        InputError: either is missing, damaged or not in the layout; nothing is written.
    """
    with Competition(source) as competition:
        competition.verify()
        truth = checked_solution(solution, set(competition.test)) if solution else None
    with whole_file(out / layout.ARCHIVE) as new:
        if source.is_dir():
            _zip_folder(source, new)
        else:
            # A copy rather than a hard link: DVC makes its files read-only, and a change to the
            # user's own zip would change the file in DVC's cache.
            shutil.copyfile(source, new)
    write_truth(out, truth)


def checked_solution(source: Path, test: Collection[int]) -> bytes:
    """Return the content of a solution after checking that submissions can be scored against it.

    Args:
        source: table img,pixels,Usage with one row per test image.
        test: numbers of the test images.

    Raises:
        InputError: the table is malformed, a run lies outside the image, a Usage is unknown, or
            the rows are not those of the test images.
    """
    known = read_solution(source).keys()
    for img in sorted(known - set(test))[:1]:
        raise InputError(f"{source}: img {img} is not a test image of the archive; remove the row")
    for img in sorted(set(test) - known)[:1]:
        raise InputError(f"{source}: test image {img} has no row; add it")
    return read_file(source)


def _zip_folder(source: Path, target: Path) -> None:
    # Stored, because the images are LZW-compressed already. All entries have one fixed date, so
    # that the same images give the same zip.
    with Entries(source) as entries, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as file:
        for name in entries:
            file.writestr(zipfile.ZipInfo(name), entries.read(name))
