"""Writes the archive and, beside it, the solution and where every frame comes from."""

import csv
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nerveseg import rle
from nerveseg.data import layout
from nerveseg.data.layout_writer import write_image, write_table
from nerveseg.importing.geometry import Key, Origin, write_geometry
from nerveseg.importing.numbering import Contents, Numbered, draw_usages
from nerveseg.submission.score import SOLUTION_HEADER

ARCHIVE: Final = "archive"
GEOMETRY: Final = "geometry.csv"
SUBJECTS: Final = "subjects.csv"
SUBJECTS_HEADER: Final = ("subject", "name", "train_frames", "test_frames")


def write(out: Path, contents: Contents, public: float, seed: int) -> None:
    """Write everything but the contact sheet.

    Args:
        out: an empty folder. It gets archive/ in the competition's layout; solution.csv, if the
            masks of the test images are known; geometry.csv and subjects.csv.
        contents: the frames; their files are moved.
        public: share of the test images whose score is public.
        seed: seed of the choice of these.
    """
    archive = out / ARCHIVE
    for name in layout.FOLDERS:
        (archive / name).mkdir(parents=True)
    for each in contents.train:
        each.frame.file.rename(archive / layout.image_name(each.subject, each.img))
        mask = mask_of(each) * np.uint8(255)
        write_image(archive / layout.mask_name(each.subject, each.img), mask)
    for each in contents.test:
        each.frame.file.rename(archive / layout.test_name(each.img))
    masks = (f"{each.subject},{each.img},{each.frame.pixels}" for each in contents.train)
    write_table(archive / layout.TRAIN_MASKS, layout.TRAIN_HEADER, masks)
    sample = (f"{each.img},1 1" for each in contents.test)
    write_table(archive / layout.SAMPLE_SUBMISSION, layout.SAMPLE_HEADER, sample)
    if is_scored(contents):
        usages = draw_usages(len(contents.test), public, seed)
        truth = (
            f"{each.img},{each.frame.pixels},{usage}"
            for each, usage in zip(contents.test, usages, strict=True)
        )
        write_table(out / layout.SOLUTION, SOLUTION_HEADER, truth)
    write_geometry(out / GEOMETRY, _origins(contents))
    _write_subjects(out / SUBJECTS, contents)


def is_scored(contents: Contents) -> bool:
    """Return whether the masks of all test images are known."""
    return all(each.frame.pixels is not None for each in contents.test)


def mask_of(each: Numbered) -> NDArray[np.uint8]:
    """Return the mask of a frame, 420 x 580 uint8 {0, 1}; empty if it is not known."""
    return rle.decode(each.frame.pixels or "")


def _origins(contents: Contents) -> dict[Key, Origin]:
    return {
        (name, each.subject, each.img): Origin(
            each.frame.source.name, each.frame.place, each.frame.geometry
        )
        for name, group in (("train", contents.train), ("test", contents.test))
        for each in group
    }


def _write_subjects(path: Path, contents: Contents) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(SUBJECTS_HEADER)
        for name, subject in contents.subjects.items():
            counts = (
                sum(each.subject == subject for each in group)
                for group in (contents.train, contents.test)
            )
            writer.writerow((subject, name, *counts))
