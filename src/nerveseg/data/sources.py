"""The sources of a competition; each leaves the same archive and solution behind."""

import shutil
import zipfile
from pathlib import Path

from nerveseg.data.archive import Competition
from nerveseg.data.entries import Entries
from nerveseg.data.solution import NO_SOLUTION, checked_solution
from nerveseg.files import whole_file
from nerveseg.params.data import DataParams

SOLUTION = "solution.csv"


def obtain(params: DataParams, archive: Path, solution_folder: Path) -> None:
    """Write the competition that `params` names: its archive, and its solution apart from it.

    Args:
        params: the section `data`.
        archive: the zip to write.
        solution_folder: folder for solution.csv; without rows where no solution is known.

    Raises:
        InputError: the source is missing, damaged or not in the layout; nothing is written.
    """
    if params.source == "simulated":
        from nerveseg.data.simulated.competition import write_competition

        write_competition(archive, solution_folder, params.simulated)
    elif params.source == "kaggle":
        from nerveseg.data.kaggle import fetch

        archive.parent.mkdir(parents=True, exist_ok=True)
        fetch(params.kaggle.competition, archive)
        _write(solution_folder / SOLUTION, NO_SOLUTION)
    else:
        solution = None if params.solution is None else Path(params.solution)
        take(Path(str(params.archive)), solution, archive, solution_folder / SOLUTION)


def take(source: Path, solution: Path | None, archive: Path, solution_target: Path) -> None:
    """Check a zip or folder of the user's own, and its solution, and copy both.

    Args:
        source: a zip or a folder in the competition's layout.
        solution: its table img,pixels,Usage; None when the test outlines are not known.
        archive: the zip to write.
        solution_target: the table to write; without rows when `solution` is None.

    Raises:
        InputError: one of them is missing, damaged or not in the layout; nothing is written.
    """
    with Competition(source) as competition:
        competition.verify()
        rows = checked_solution(solution, set(competition.test)) if solution else NO_SOLUTION
    with whole_file(archive) as new:
        if source.is_dir():
            _zip_folder(source, new)
        else:
            # A copy, no hard link: DVC makes its files read-only, and the user's own zip,
            # were it the same file, could change under DVC's cache.
            shutil.copyfile(source, new)
    _write(solution_target, rows)


def _write(path: Path, content: bytes) -> None:
    with whole_file(path) as new:
        new.write_bytes(content)


def _zip_folder(source: Path, target: Path) -> None:
    # Stored, for the images are LZW-compressed already; and with one fixed date for all, so
    # that the same images make the same zip.
    with Entries(source) as entries, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as file:
        for name in entries:
            file.writestr(zipfile.ZipInfo(name), entries.read(name))
