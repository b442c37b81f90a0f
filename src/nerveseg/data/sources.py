"""The sources of a competition; each of them writes the same three files."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast

from nerveseg.atomic import whole_file
from nerveseg.data import layout
from nerveseg.errors import InputError
from nerveseg.params.data import DataParams
from nerveseg.submission.score import SOLUTION_HEADER

SOURCES: Final[Mapping[str, str]] = {
    "simulated": "nerveseg.data.simulated.competition",
    "archive": "nerveseg.data.own_archive",
    "kaggle": "nerveseg.data.kaggle",
}
"""The values of `data.source`, each with the module whose `obtain` it calls (see `Obtain`)."""


class Obtain(Protocol):
    """What the module of a source defines as `obtain`."""

    def __call__(self, params: DataParams, out: Path) -> None:
        """Write three files to the folder `out`, or raise an `InputError` and write none.

        - competition.zip: the competition's archive.
        - solution.csv: the masks of the test images.
        - unlabelled.csv: the masks of training nerves that are labelled as if there were none.

        Where these masks are not known, the tables have no rows: `write_truth` writes such tables.
        """
        ...


def obtain(params: DataParams, out: Path) -> None:
    """Write the competition from the source that `params` names to the folder `out`.

    Args:
        params: the section `data`.
        out: the folder; other files in it are left alone.

    Raises:
        InputError: the source is unknown, missing, damaged or not in the competition's layout;
            nothing is written.
    """
    check_source(params)
    # Imported on demand: the simulator needs scipy, and Kaggle's client reads its configuration.
    chosen = cast(Obtain, import_module(SOURCES[params.source]).obtain)
    chosen(params, out)


def check_source(params: DataParams) -> None:
    """Check that the source is known, and every source that has settings.

    Raises:
        InputError: one of them is not.
    """
    known = ", ".join(SOURCES)
    if params.source not in SOURCES:
        raise InputError(
            f"params.yaml: data.source: there is no source '{params.source}'; choose one of {known}"
        )
    for name in params.names_of_settings():
        if name not in SOURCES:
            raise InputError(
                f"params.yaml: data.{name}: settings of an unknown source; the sources are {known}"
            )


def write_truth(out: Path, solution: bytes | None = None) -> None:
    """Write unlabelled.csv without rows, and solution.csv with the rows of `solution`, if any.

    Args:
        out: the folder to write to.
        solution: a checked table img,pixels,Usage; None if the test masks are not known.
    """
    for name, content in (
        (layout.SOLUTION, solution or _without_rows(SOLUTION_HEADER)),
        (layout.UNLABELLED, _without_rows(layout.TRAIN_HEADER)),
    ):
        with whole_file(out / name) as new:
            new.write_bytes(content)


def _without_rows(header: tuple[str, ...]) -> bytes:
    return f"{','.join(header)}\n".encode()
