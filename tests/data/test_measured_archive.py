"""Zips are measured before they are decompressed; harmless oddities are not refused."""

import resource
import shutil
import zipfile
from pathlib import Path

import imagecodecs
import pytest
import tiny
from test_bad_archive import IMAGE, TABLE, taken

from nerveseg import surroundings
from nerveseg.data import zip_limits
from nerveseg.data.archive import Competition
from nerveseg.data.own_archive import checked_solution, take
from nerveseg.errors import InputError
from nerveseg.params.data import DataParams
from nerveseg.submission.score import SOLUTION_HEADER, score

ZEROS = bytes(1 << 20)


def bomb(folder: Path, path: Path, name: str, megabytes: int) -> Path:
    """Zip the competition with an entry `name` that expands to `megabytes`."""
    (folder / name).unlink(missing_ok=True)
    tiny.zip_folder(folder, path)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file,
        file.open(name, "w", force_zip64=True) as entry,
    ):
        for _ in range(megabytes):
            entry.write(ZEROS)
    return path


@pytest.mark.parametrize(
    ("name", "megabytes"), [(IMAGE, 17), ("test/10.tif", 17), (TABLE, 257)], ids=str
)
def test_an_entry_that_expands_beyond_its_limit_is_refused_unread(
    name: str, megabytes: int, folder: Path, tmp_path: Path
) -> None:
    archive = bomb(folder, tmp_path / "bomb.zip", name, megabytes)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    message = taken(archive, tmp_path)
    assert f"bomb.zip: {name} has {megabytes << 20:,} bytes, more than the" in message
    assert message.endswith("check that it is the right file")
    # KiB: less than one megabyte in four was ever in memory.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < megabytes << 8


def test_an_inner_zip_beyond_its_limit_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = bomb(folder, tmp_path / "outer.zip", "train.zip", 3)
    monkeypatch.setattr(zip_limits, "MOST_INNER_BYTES", 2 << 20)
    assert "train.zip has 3,145,728 bytes, more than the 2,097,152" in taken(archive, tmp_path)


def test_an_inner_zip_that_does_not_fit_on_the_disk_names_tmpdir(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = bomb(folder, tmp_path / "outer.zip", "train.zip", 3)
    usage = type("Usage", (), {"free": 1_000_000})
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    assert "needs 3 MB, but only 1 MB are free; set TMPDIR" in taken(archive, tmp_path)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_damaged_entry_is_named(method: int, folder: Path, tmp_path: Path) -> None:
    archive = tiny.zip_folder(folder, tmp_path / "mine.zip", method=method)
    with zipfile.ZipFile(archive) as file:
        info = file.getinfo(IMAGE)
    content = bytearray(archive.read_bytes())
    begin = info.header_offset + 30 + len(IMAGE)
    content[begin + 9 : begin + 200] = bytes(191)
    archive.write_bytes(bytes(content))
    assert f"mine.zip: {IMAGE} is damaged" in taken(archive, tmp_path)


def test_bzip2_is_refused_because_it_cannot_be_measured(folder: Path, tmp_path: Path) -> None:
    archive = tiny.zip_folder(folder, tmp_path / "mine.zip", method=zipfile.ZIP_BZIP2)
    assert "is compressed with bzip2; zip it again" in taken(archive, tmp_path)


def test_a_name_that_is_not_utf_8_is_one_line(folder: Path, tmp_path: Path) -> None:
    archive = tiny.zip_folder(folder, tmp_path / "mine.zip")
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("é.txt", b"")
    archive.write_bytes(archive.read_bytes().replace("é".encode(), b"\xff\xfe"))
    assert "mine.zip: not readable as a zip" in taken(archive, tmp_path)


def test_harmless_entries_are_not_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "backup.zip").write_bytes(b"PK no zip at all")
    archive = tiny.zip_folder(folder, tmp_path / "mine.zip", "./")
    with zipfile.ZipFile(archive, "a") as file:
        for name in ("./", "./notes/"):
            info = zipfile.ZipInfo("x/")
            info.filename = name
            file.writestr(info, b"")
    for source in (archive, folder):
        with Competition(source) as competition:
            competition.verify()


def test_a_folder_of_zips_reads_as_one_zip_does(pristine: Path, tmp_path: Path) -> None:
    folder = tmp_path / "downloaded"
    folder.mkdir()
    for name in ("train", "test"):
        tiny.zip_folder(pristine / name, folder / f"{name}.zip")
        shutil.copy(pristine / "sample_submission.csv", folder)
    with zipfile.ZipFile(folder / "train_masks.csv.zip", "w") as file:
        file.write(pristine / "train_masks.csv", "train_masks.csv")
    with Competition(folder) as competition, Competition(pristine) as other:
        assert (competition.train, competition.test) == (other.train, other.test)
        competition.verify()


@pytest.mark.parametrize("around", ["Kaggle/nerve", "data"])
def test_capital_letters_and_two_folders_around_are_read(
    around: str, pristine: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mine" / around
    shutil.copytree(pristine, folder)
    (folder / "train").rename(folder / "Train")
    with Competition(tmp_path / "mine") as competition:
        competition.verify()


def test_blank_pixels_are_an_empty_mask(folder: Path) -> None:
    table = folder / TABLE
    table.write_text(table.read_text().replace("\n1,2,\n", "\n1,2, \n") + "\n\n")
    with Competition(folder) as competition:
        competition.verify()
        assert competition.train[1].pixels == ""


def test_a_solution_in_any_order_is_taken_and_scored(folder: Path, tmp_path: Path) -> None:
    rows = [(10, "7 1", "Public"), (1, " ", "Private"), (2, "", "Private")]
    solution = tmp_path / "solution.csv"
    tiny.write_table(solution, ("img", "pixels", "Usage"), rows)
    take(folder, solution, tmp_path / "out")
    mine = tmp_path / "mine.csv"
    mine.write_text("img,pixels\n1,\n2,\n10,7 1\n")
    assert score(mine, tmp_path / "out/solution.csv") == {"public": 1.0, "private": 1.0}


def test_a_solution_of_other_images_is_refused_at_the_download(tmp_path: Path) -> None:
    solution = tmp_path / "solution.csv"
    tiny.write_table(solution, ("img", "pixels", "Usage"), [(1, "", "Public"), (3, "", "Public")])
    with pytest.raises(InputError, match="img 3 is not a test image"):
        checked_solution(solution, [1, 2])


@pytest.mark.parametrize("byte", [0, 30])
def test_a_damaged_header_of_an_inner_zip_is_named(byte: int, folder: Path, tmp_path: Path) -> None:
    nested = tmp_path / "nested"
    nested.mkdir()
    for name in ("train", "test"):
        tiny.zip_folder(folder / name, nested / f"{name}.zip")
    for name in ("train_masks.csv", "sample_submission.csv"):
        shutil.copy(folder / name, nested / name)
    archive = tiny.zip_folder(nested, tmp_path / "mine.zip")
    content = bytearray(archive.read_bytes())
    content[content.index(b"train.zip") - 30 + byte] ^= 1
    archive.write_bytes(content)
    assert "mine.zip: train.zip: damaged (" in taken(archive, tmp_path)


def test_before_anything_runs_names_and_tables_are_checked_but_no_frame_is_decoded(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decoded(_content: bytes) -> None:
        raise AssertionError("decoded")

    def said() -> list[str]:
        lines = []
        for check in surroundings.checks({"data": source}, tmp_path):
            try:
                check()
            except InputError as error:
                lines.append(str(error))
        return lines

    monkeypatch.setattr(imagecodecs, "tiff_decode", decoded)
    solution = tmp_path / "solution.csv"
    values = {"source": "archive", "archive": str(folder), "solution": str(solution)} | {
        "simulated": tiny.SIMULATED,
        "kaggle": {"competition": "nerves"},
    }
    source = DataParams.model_validate(values)
    tiny.write_table(solution, SOLUTION_HEADER, [(img, "", "Public") for img in tiny.TEST])
    assert said() == []
    tiny.write_table(solution, SOLUTION_HEADER, [(1, "", "Public")])
    (line,) = said()
    assert line.startswith(f"params.yaml: data.solution: {solution}: test image 2 has no row")
    (folder / "train/1_1.tif").unlink()
    (line,) = said()
    assert line.startswith(f"params.yaml: data.archive: {folder}/train/1_1_mask.tif: a mask wi")
