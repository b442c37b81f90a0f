"""Writing the simulated competition: the archive as Kaggle serves it, and its solution apart."""

import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import tifffile
from numpy.typing import NDArray

from nerveseg import rle
from nerveseg.atomic import whole_file
from nerveseg.data import layout
from nerveseg.data.parallel import for_each
from nerveseg.data.simulated.anatomy import SHAPE
from nerveseg.data.simulated.bmode import scan
from nerveseg.data.simulated.nerve import filled
from nerveseg.data.simulated.plan import Shot, test_shots, train_shots, usages
from nerveseg.data.simulated.tissue import paint
from nerveseg.params.data import SimulatedParams

_DATE: Final = (2016, 5, 18, 0, 0, 0)


def write_competition(out: Path, settings: SimulatedParams) -> None:
    """Write a whole simulated competition; the same settings give the same bytes.

    Args:
        out: the folder to write to: competition.zip, laid out as Kaggle serves it, and what
            nobody in training may see: solution.csv (img,pixels,Usage) and unlabelled.csv
            (subject,img,pixels: the true outlines of the training nerves that are labelled
            as if there were none).
        settings: how many subjects and frames, and how they are drawn.
    """
    train, test = train_shots(settings), test_shots(settings)
    with _empty_folder(out / ".simulated") as folder:
        for part in layout.FOLDERS:
            (folder / part).mkdir()
        for_each(lambda shot: _write_train(folder, shot), train, "simulate training frames")
        for_each(lambda shot: _write_test(folder, shot), test, "simulate test frames")
        _write_tables(folder, train, test)
        _pack(folder, train, test, out / layout.ARCHIVE)
    _write_solution(out, train, test, usages(settings, len(test)))


@contextmanager
def _empty_folder(path: Path) -> Iterator[Path]:
    # One fixed name: what a kill left of an earlier run goes away with the next.
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def image_of(shot: Shot) -> NDArray[np.uint8]:
    """Return the B-mode image of `shot`, 420 x 580 uint8."""
    return scan(shot.neck, paint(shot.neck, shot.frame), shot.frame)


def mask_of(shot: Shot) -> NDArray[np.uint8]:
    """Return the true mask of `shot`, 420 x 580 uint8 {0, 1}, whether it is labelled or not."""
    if not shot.neck.sweep.nerve[shot.frame]:
        return np.zeros(SHAPE, dtype=np.uint8)
    return filled(shot.neck.nerve.outline(shot.frame), SHAPE)


def _label(shot: Shot) -> NDArray[np.uint8]:
    return mask_of(shot) * np.uint8(shot.labelled)


def _write_train(folder: Path, shot: Shot) -> None:
    _write_image(folder / layout.image_name(shot.subject, shot.img), image_of(shot))
    _write_image(folder / layout.mask_name(shot.subject, shot.img), _label(shot) * np.uint8(255))


def _write_test(folder: Path, shot: Shot) -> None:
    _write_image(folder / layout.test_name(shot.img), image_of(shot))


def _write_image(path: Path, image: NDArray[np.uint8]) -> None:
    # No software tag and no metadata: they would bring versions into the bytes.
    tifffile.imwrite(
        path, image, compression="lzw", photometric="minisblack", software=False, metadata=None
    )


def _write_tables(folder: Path, train: Sequence[Shot], test: Sequence[Shot]) -> None:
    masks = (f"{shot.subject},{shot.img},{rle.encode(_label(shot))}" for shot in train)
    _write_table(folder / layout.TRAIN_MASKS, layout.TRAIN_HEADER, masks)
    sample = (f"{img},1 1" for img in range(1, len(test) + 1))
    _write_table(folder / layout.SAMPLE_SUBMISSION, "img,pixels", sample)


def _write_solution(
    folder: Path, train: Sequence[Shot], test: Sequence[Shot], usage: Sequence[str]
) -> None:
    numeric = sorted(test, key=lambda shot: shot.img)
    rows = (
        f"{shot.img},{rle.encode(mask_of(shot))},{part}"
        for shot, part in zip(numeric, usage, strict=True)
    )
    with whole_file(folder / layout.SOLUTION) as new:
        _write_table(new, layout.SOLUTION_HEADER, rows)
    missed = (
        f"{shot.subject},{shot.img},{rle.encode(mask_of(shot))}"
        for shot in train
        if not shot.labelled
    )
    with whole_file(folder / layout.UNLABELLED) as new:
        _write_table(new, layout.TRAIN_HEADER, missed)


def _write_table(path: Path, header: str, rows: Iterable[str]) -> None:
    path.write_text("\n".join([header, *rows, ""]), encoding="ascii", newline="\n")


def _pack(folder: Path, train: Sequence[Shot], test: Sequence[Shot], archive: Path) -> None:
    names = list(layout.TABLES)
    for shot in train:
        names += [layout.image_name(shot.subject, shot.img)]
        names += [layout.mask_name(shot.subject, shot.img)]
    names += [layout.test_name(img) for img in range(1, len(test) + 1)]
    # Stored, for the images are compressed already; one date for all, or bytes would differ.
    with whole_file(archive) as new, zipfile.ZipFile(new, "w", zipfile.ZIP_STORED) as file:
        for name in names:
            entry = zipfile.ZipInfo(name, _DATE)
            file.writestr(entry, (folder / name).read_bytes())
