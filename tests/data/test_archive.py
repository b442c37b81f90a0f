"""Reading a competition from every form in which it may be zipped."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny

from nerveseg.data.archive import Competition
from nerveseg.data.layout import TrainRecord


def flat(folder: Path, path: Path) -> Path:
    return tiny.zip_folder(folder, path, method=zipfile.ZIP_DEFLATED)


def flat_stored(folder: Path, path: Path) -> Path:
    return tiny.zip_folder(folder, path)


def in_a_folder(folder: Path, path: Path) -> Path:
    return tiny.zip_folder(folder, path, "ultrasound-nerve-segmentation/")


def with_windows_separators(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for source in filter(Path.is_file, sorted(folder.rglob("*"))):
            # ZipInfo would replace only the separator of this system.
            info = zipfile.ZipInfo(str(source.relative_to(folder)))
            info.filename = info.filename.replace("/", "\\")
            file.writestr(info, source.read_bytes())
    return path


def nested(folder: Path, path: Path, prefix: str = "", method: int = zipfile.ZIP_STORED) -> Path:
    """Zip as Kaggle once did: train.zip, test.zip and zipped tables in one zip."""
    outer = path.with_suffix("")
    outer.mkdir()
    for name in ("train", "test"):
        tiny.zip_folder(folder / name, outer / f"{name}.zip", prefix.format(name), method)
    with zipfile.ZipFile(outer / "train_masks.csv.zip", "w") as file:
        file.write(folder / "train_masks.csv", "train_masks.csv")
    shutil.copy(folder / "sample_submission.csv", outer)
    return tiny.zip_folder(outer, path, method=method)


def nested_with_folders(folder: Path, path: Path) -> Path:
    return nested(folder, path, "{}/", zipfile.ZIP_DEFLATED)


def as_it_is(folder: Path, path: Path) -> Path:
    return folder


def folder_in_a_folder(folder: Path, path: Path) -> Path:
    return shutil.copytree(folder, path / "inner").parent


WAYS = (
    flat,
    flat_stored,
    in_a_folder,
    with_windows_separators,
    nested,
    nested_with_folders,
    as_it_is,
    folder_in_a_folder,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_form_reads_the_same(
    way: Callable[[Path, Path], Path], pristine: Path, tmp_path: Path
) -> None:
    with Competition(way(pristine, tmp_path / "competition.zip")) as competition:
        competition.verify()
        assert [record[:2] for record in competition.train] == [
            (subject, img) for subject in tiny.SUBJECTS for img in tiny.FRAMES
        ]
        assert competition.test == list(tiny.TEST)
        for record in competition.train:
            subject, img, _ = record
            np.testing.assert_array_equal(competition.image(record), tiny.frame(subject + img))
            np.testing.assert_array_equal(competition.mask(record), tiny.outline(subject, img))
        np.testing.assert_array_equal(competition.test_image(10), tiny.frame(10))


def test_files_that_operating_systems_add_to_a_zip_are_ignored(
    folder: Path, tmp_path: Path
) -> None:
    for name in ("train/.DS_Store", "__MACOSX/train/._1_1.tif", "LICENSE.txt", "other/1_1.tif"):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_bytes(b"anything")
    with Competition(tiny.zip_folder(folder, tmp_path / "a.zip")) as competition:
        assert len(competition.train) == 9


def test_adjacent_runs_mean_the_same_as_one_run(folder: Path) -> None:
    table = folder / "train_masks.csv"
    lines = table.read_text().splitlines()
    subject, img, pixels = lines[1].split(",")
    start, length, *rest = pixels.split()
    halves = [start, "1", str(int(start) + 1), str(int(length) - 1), *rest]
    lines[1] = f"{subject},{img},{' '.join(halves)}"
    table.write_text("\r\n".join(["\ufeff" + lines[0], *lines[1:]]), encoding="utf-8")
    with Competition(folder) as competition:
        competition.verify()
        assert competition.train[0] == TrainRecord(1, 1, " ".join(halves))
