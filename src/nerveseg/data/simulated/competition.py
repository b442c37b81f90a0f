"""The simulated competition: its subjects, frames and labels, and the files they are written to."""

import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg import rle
from nerveseg.atomic import whole_file
from nerveseg.data import layout
from nerveseg.data.layout_writer import write_image, write_table
from nerveseg.data.parallel import for_each
from nerveseg.data.simulated.anatomy import SHAPE, Neck, draw_neck
from nerveseg.data.simulated.bmode import scan
from nerveseg.data.simulated.fields import generator
from nerveseg.data.simulated.nerve import filled
from nerveseg.data.simulated.sweep import nerve_shares
from nerveseg.data.simulated.tissue import paint
from nerveseg.params.data import DataParams, SimulatedSource
from nerveseg.submission.score import SOLUTION_HEADER

_DATE: Final = (2016, 5, 18, 0, 0, 0)
_TRAIN, _TEST = 0, 1
_PUBLIC: Final = 0.2


class Shot(NamedTuple):
    """One frame of the competition.

    Attributes:
        neck: the anatomy of the subject.
        frame: index in the sweep, from 0.
        subject: number of the subject; those of test subjects are not published.
        img: number of the image: within the subject for training, within the test set for test.
        labelled: False if the frame shows a nerve that is missing from the table of masks.
    """

    neck: Neck
    frame: int
    subject: int
    img: int
    labelled: bool


def train_shots(settings: SimulatedSource) -> list[Shot]:
    """Return the training frames in numeric order."""
    necks = _necks(settings, _TRAIN, settings.train_subjects, settings.train_frames)
    frames = [(neck, frame) for neck in necks for frame in range(settings.train_frames)]
    nerve = np.array([neck.sweep.nerve[frame] for neck, frame in frames])
    unlabelled = _unlabelled(settings, nerve)
    return [
        Shot(neck, frame, neck.key[1], frame + 1, index not in unlabelled)
        for index, (neck, frame) in enumerate(frames)
    ]


def test_shots(settings: SimulatedSource) -> list[Shot]:
    """Return the test frames, sweep by sweep, with numbers shuffled over all sweeps."""
    necks = _necks(settings, _TEST, settings.test_subjects, settings.test_frames)
    frames = [(neck, frame) for neck in necks for frame in range(settings.test_frames)]
    numbers = generator(settings.seed, "sweep", 2).permutation(len(frames)) + 1
    return [
        Shot(neck, frame, neck.key[1], int(img), labelled=True)
        for img, (neck, frame) in zip(numbers, frames, strict=True)
    ]


def draw_usages(settings: SimulatedSource, count: int) -> list[str]:
    """Return Public (one in five) or Private for each of `count` test images."""
    order = generator(settings.seed, "labels", 1).permutation(count)
    return ["Public" if rank < round(_PUBLIC * count) else "Private" for rank in order]


def _necks(settings: SimulatedSource, subset: int, subjects: int, frames: int) -> list[Neck]:
    shares = nerve_shares(
        settings.seed, subset, subjects, settings.nerve_share, settings.nerve_spread
    )
    first = 1 + subset * settings.train_subjects
    return [
        draw_neck(settings.seed, first + number, frames, float(share))
        for number, share in enumerate(shares)
    ]


def _unlabelled(settings: SimulatedSource, nerve: NDArray[np.bool_]) -> set[int]:
    shown = np.flatnonzero(nerve)
    rng = generator(settings.seed, "labels", 0)
    return set(rng.choice(shown, round(settings.unlabelled * len(shown)), replace=False).tolist())


def obtain(params: DataParams, out: Path) -> None:
    """Write the simulated competition to `out`, as `nerveseg.data.sources.Obtain` describes."""
    write_competition(out, params.simulated)


def write_competition(out: Path, settings: SimulatedSource) -> None:
    """Write a whole simulated competition; the same settings give the same bytes.

    Args:
        out: the folder to write to. Next to competition.zip, in the layout of Kaggle's archive, it
            gets what training must not see: solution.csv (img,pixels,Usage) and unlabelled.csv
            (subject,img,pixels: the true masks of training nerves that are labelled as if there
            were none).
        settings: numbers of subjects and frames, and how they are drawn.
    """
    train, test = train_shots(settings), test_shots(settings)
    with _empty_folder(out / ".simulated") as folder:
        for name in layout.FOLDERS:
            (folder / name).mkdir()
        for_each(lambda shot: _write_train(folder, shot), train, "simulate training frames")
        for_each(lambda shot: _write_test(folder, shot), test, "simulate test frames")
        _write_tables(folder, train, test)
        _write_archive(folder, train, test, out / layout.ARCHIVE)
    _write_solution(out, train, test, draw_usages(settings, len(test)))


@contextmanager
def _empty_folder(path: Path) -> Iterator[Path]:
    # A fixed name, so that the next run removes what a killed run left behind.
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
    """Return the true mask of `shot`, 420 x 580 uint8 {0, 1}, even if it is not labelled."""
    if not shot.neck.sweep.nerve[shot.frame]:
        return np.zeros(SHAPE, dtype=np.uint8)
    return filled(shot.neck.nerve.outline(shot.frame), SHAPE)


def _label(shot: Shot) -> NDArray[np.uint8]:
    return mask_of(shot) * np.uint8(shot.labelled)


def _write_train(folder: Path, shot: Shot) -> None:
    write_image(folder / layout.image_name(shot.subject, shot.img), image_of(shot))
    write_image(folder / layout.mask_name(shot.subject, shot.img), _label(shot) * np.uint8(255))


def _write_test(folder: Path, shot: Shot) -> None:
    write_image(folder / layout.test_name(shot.img), image_of(shot))


def _write_tables(folder: Path, train: Sequence[Shot], test: Sequence[Shot]) -> None:
    masks = (f"{shot.subject},{shot.img},{rle.encode(_label(shot))}" for shot in train)
    write_table(folder / layout.TRAIN_MASKS, layout.TRAIN_HEADER, masks)
    sample = (f"{img},1 1" for img in range(1, len(test) + 1))
    write_table(folder / layout.SAMPLE_SUBMISSION, layout.SAMPLE_HEADER, sample)


def _write_solution(
    folder: Path, train: Sequence[Shot], test: Sequence[Shot], usages: Sequence[str]
) -> None:
    numeric = sorted(test, key=lambda shot: shot.img)
    rows = (
        f"{shot.img},{rle.encode(mask_of(shot))},{usage}"
        for shot, usage in zip(numeric, usages, strict=True)
    )
    with whole_file(folder / layout.SOLUTION) as new:
        write_table(new, SOLUTION_HEADER, rows)
    unlabelled = (
        f"{shot.subject},{shot.img},{rle.encode(mask_of(shot))}"
        for shot in train
        if not shot.labelled
    )
    with whole_file(folder / layout.UNLABELLED) as new:
        write_table(new, layout.TRAIN_HEADER, unlabelled)


def _write_archive(
    folder: Path, train: Sequence[Shot], test: Sequence[Shot], archive: Path
) -> None:
    names = list(layout.TABLES)
    for shot in train:
        names += [layout.image_name(shot.subject, shot.img)]
        names += [layout.mask_name(shot.subject, shot.img)]
    names += [layout.test_name(img) for img in range(1, len(test) + 1)]
    # The images are compressed already. A fixed date makes the bytes reproducible.
    with whole_file(archive) as new, zipfile.ZipFile(new, "w", zipfile.ZIP_STORED) as file:
        for name in names:
            entry = zipfile.ZipInfo(name, _DATE)
            file.writestr(entry, (folder / name).read_bytes())
