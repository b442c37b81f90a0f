"""The files of the simulated competition: Kaggle's layout, and equal bytes for equal seeds."""

import csv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tifffile

from nerveseg import rle
from nerveseg.data import layout
from nerveseg.data.archive import Competition
from nerveseg.data.own_archive import checked_solution
from nerveseg.data.simulated.competition import write_competition
from nerveseg.errors import InputError
from nerveseg.params.data import SimulatedSource
from nerveseg.params.section import read

SETTINGS = SimulatedSource(
    recipe=1,
    seed=7,
    train_subjects=3,
    train_frames=6,
    test_subjects=2,
    test_frames=5,
    nerve_share=0.5,
    nerve_spread=0.2,
    unlabelled=0.3,
)


@dataclass(frozen=True)
class Written:
    """A competition on disk."""

    archive: Path
    solution: Path

    def rows(self, name: str) -> list[dict[str, str]]:
        """Return the rows of a table of the solution folder."""
        with (self.solution / name).open(newline="") as file:
            return list(csv.DictReader(file))


def write(folder: Path, **changes: object) -> Written:
    write_competition(folder, SETTINGS.model_copy(update=changes))
    return Written(folder / "competition.zip", folder)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write(tmp_path_factory.mktemp("simulated"))


def test_the_archive_passes_the_checks_for_any_archive(written: Written) -> None:
    with Competition(written.archive) as competition:
        competition.verify()
        assert len(competition.train) == 18
        assert competition.test == list(range(1, 11))
        checked_solution(written.solution / "solution.csv", set(competition.test))


def test_the_same_seed_writes_the_same_bytes(written: Written, tmp_path: Path) -> None:
    again = write(tmp_path)
    assert again.archive.read_bytes() == written.archive.read_bytes()
    for name in ("solution.csv", "unlabelled.csv"):
        assert (again.solution / name).read_bytes() == (written.solution / name).read_bytes()


def test_another_seed_shows_other_necks(written: Written, tmp_path: Path) -> None:
    other = write(tmp_path, seed=8)
    with Competition(written.archive) as one, Competition(other.archive) as two:
        images = [c.image(c.train[0]).astype(float) for c in (one, two)]
    assert np.corrcoef(images[0].ravel(), images[1].ravel())[0, 1] < 0.9


def test_images_are_lzw_tiff_of_one_grey_byte_a_pixel(written: Written) -> None:
    with zipfile.ZipFile(written.archive) as archive:
        for name in ("train/1_1.tif", "train/1_1_mask.tif", "test/1.tif"):
            with archive.open(name) as file, tifffile.TiffFile(file) as image:
                page = image.pages.first
                assert page.shape == rle.IMAGE_SHAPE
                assert page.dtype == np.uint8
                assert page.compression == tifffile.COMPRESSION.LZW


def test_masks_agree_with_their_table(written: Written) -> None:
    with Competition(written.archive) as competition:
        outlined = 0
        for record in competition.train:
            mask = competition.mask(record)
            assert (mask > 0).sum() == rle.decode(record.pixels).sum()
            assert ((mask > 0) == rle.decode(record.pixels)).all()
            outlined += record.pixels != ""
    assert outlined > 0


def test_unlabelled_nerves_are_empty_in_training_and_listed_separately(written: Written) -> None:
    unlabelled = written.rows("unlabelled.csv")
    with Competition(written.archive) as competition:
        labels = {(r.subject, r.img): r.pixels for r in competition.train}
    nerves = len(unlabelled) + sum(pixels != "" for pixels in labels.values())
    assert len(unlabelled) == round(0.3 * nerves) > 0
    for row in unlabelled:
        assert labels[int(row["subject"]), int(row["img"])] == ""
        assert rle.decode(row["pixels"]).sum() > 1000


def test_without_unlabelled_nerves_their_table_is_empty(tmp_path: Path) -> None:
    assert write(tmp_path, unlabelled=0.0).rows("unlabelled.csv") == []


def test_the_archive_reveals_nothing_about_the_solution(written: Written) -> None:
    with zipfile.ZipFile(written.archive) as archive:
        names = archive.namelist()
        sample = archive.read(layout.SAMPLE_SUBMISSION).decode().splitlines()
        dates = {entry.date_time for entry in archive.infolist()}
    # Names, order and dates of the entries must not reveal it: test images are in numeric order.
    assert [n for n in names if n.startswith("test/")] == [f"test/{i}.tif" for i in range(1, 11)]
    assert len(dates) == 1
    assert sample == ["img,pixels"] + [f"{i},1 1" for i in range(1, 11)]


def test_one_test_image_in_five_is_public(written: Written) -> None:
    usage = [row["Usage"] for row in written.rows("solution.csv")]
    assert (usage.count("Public"), usage.count("Private")) == (2, 8)


def test_an_impossible_setting_is_refused_by_name(tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    values = SETTINGS.model_dump() | {"unlabelled": 1.5}
    lines = "".join(f"  {key}: {value}\n" for key, value in values.items())
    params.write_text(f"simulated:\n{lines}")
    with pytest.raises(InputError, match=r"params\.yaml: simulated\.unlabelled: .*1\.5"):
        read("simulated", SimulatedSource, params)
