"""The sources of a competition; each leaves the same three files behind."""

import shutil
import zipfile
from pathlib import Path
from typing import Final

from nerveseg.atomic import whole_file
from nerveseg.data import layout
from nerveseg.data.archive import Competition
from nerveseg.data.entries import Entries
from nerveseg.data.solution import checked_solution
from nerveseg.params.data import DataParams

# What stands in for a table where its rows are not known.
NO_SOLUTION: Final = f"{layout.SOLUTION_HEADER}\n".encode()
NONE_UNLABELLED: Final = f"{layout.TRAIN_HEADER}\n".encode()


def obtain(params: DataParams, out: Path) -> None:
    """Write the competition that `params` names to the folder `out`.

    Three files: competition.zip; apart from it solution.csv, the outlines of the test images,
    and unlabelled.csv, those of training nerves that are labelled as if there were none. The
    two tables have no rows where the truth is not known.

    Args:
        params: the section `data`.
        out: the folder; whatever else is in it stays.

    Raises:
        InputError: the source is missing, damaged or not in the layout; nothing is written.
    """
    if params.source == "simulated":
        from nerveseg.data.simulated.competition import write_competition

        write_competition(out, params.simulated)
    elif params.source == "kaggle":
        from nerveseg.data.kaggle import fetch

        fetch(params.kaggle.competition, out / layout.ARCHIVE)
        _write(out / layout.SOLUTION, NO_SOLUTION)
        _write(out / layout.UNLABELLED, NONE_UNLABELLED)
    else:
        solution = None if params.solution is None else Path(params.solution)
        take(Path(str(params.archive)), solution, out)


def take(source: Path, solution: Path | None, out: Path) -> None:
    """Check a zip or folder of the user's own, and its solution, and copy both.

    Args:
        source: a zip or a folder in the competition's layout.
        solution: its table img,pixels,Usage; None when the test outlines are not known.
        out: the folder to write to, as `obtain` does.

    Raises:
        InputError: one of them is missing, damaged or not in the layout; nothing is written.
    """
    with Competition(source) as competition:
        competition.verify()
        rows = checked_solution(solution, set(competition.test)) if solution else NO_SOLUTION
    with whole_file(out / layout.ARCHIVE) as new:
        if source.is_dir():
            _zip_folder(source, new)
        else:
            # A copy, no hard link: DVC makes its files read-only, and the user's own zip,
            # were it the same file, could change under DVC's cache.
            shutil.copyfile(source, new)
    _write(out / layout.SOLUTION, rows)
    _write(out / layout.UNLABELLED, NONE_UNLABELLED)


def _write(path: Path, content: bytes) -> None:
    with whole_file(path) as new:
        new.write_bytes(content)


def _zip_folder(source: Path, target: Path) -> None:
    # Stored, for the images are LZW-compressed already; and with one fixed date for all, so
    # that the same images make the same zip.
    with Entries(source) as entries, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as file:
        for name in entries:
            file.writestr(zipfile.ZipInfo(name), entries.read(name))
