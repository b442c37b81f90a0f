"""What each source writes, and how a source is added."""

import json
import sys
import zipfile
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import tiny

from nerveseg.data import kaggle, sources
from nerveseg.data.archive import Competition
from nerveseg.data.own_archive import take
from nerveseg.data.sources import obtain
from nerveseg.errors import InputError
from nerveseg.params.data import DataParams, KaggleSource, SimulatedSource
from nerveseg.params.section import Section, read

SOLUTION = "img,pixels,Usage\n1,,Public\n2,1 420 500 3,Private\n10,243600 1,Private\n"

FILES = {"competition.zip", "solution.csv", "unlabelled.csv"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def took(source: Path, out: Path, solution: Path | None = None) -> None:
    take(source, solution, out)


def test_a_zip_is_copied_as_it_is(pristine: Path, tmp_path: Path, out: Path) -> None:
    archive = tiny.zip_folder(pristine, tmp_path / "mine.zip")
    took(archive, out)
    assert (out / "competition.zip").read_bytes() == archive.read_bytes()
    assert not (out / "competition.zip").samefile(archive)


def test_a_folder_becomes_the_same_zip_every_time(folder: Path, out: Path) -> None:
    (folder / "notes.txt").write_text("my own")
    took(folder, out)
    first = (out / "competition.zip").read_bytes()
    with zipfile.ZipFile(out / "competition.zip") as file:
        assert "notes.txt" not in file.namelist()
    with Competition(out / "competition.zip") as competition:
        competition.verify()
    (folder / "test/1.tif").touch()
    took(folder, out)
    assert (out / "competition.zip").read_bytes() == first


def test_without_a_solution_its_table_has_no_rows(pristine: Path, out: Path) -> None:
    took(pristine, out)
    assert (out / "solution.csv").read_text() == "img,pixels,Usage\n"


def test_a_solution_is_copied(pristine: Path, tmp_path: Path, out: Path) -> None:
    (tmp_path / "mine.csv").write_text(SOLUTION)
    took(pristine, out, tmp_path / "mine.csv")
    assert (out / "solution.csv").read_text() == SOLUTION


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("img,pixels,Usage", "img,pixels", "the header is 'img,pixels'.*put the columns"),
        ("1,,Public\n", "", "test image 1 has no row; add it"),
        ("\n2,", "\n3,", "img 3 is not a test image.*remove the row"),
        ("\n2,", "\n1,", r"line 3 \(img 1\): this id occurs twice; keep one row"),
        ("243600 1", "243600 2", r"line 4 \(img 10\): RLE pair 1.*correct the row"),
        ("500 3", "400 3", r"line 3 \(img 2\): RLE pair 2.*overlaps.*correct the row"),
        ("Public", "public", "line 2: Usage is 'public'; write Public, Private or Ignored"),
    ],
)
def test_a_bad_solution_is_refused(
    old: str, new: str, message: str, pristine: Path, out: Path
) -> None:
    solution = out.with_name("mine.csv")
    solution.write_text(SOLUTION.replace(old, new, 1))
    with pytest.raises(InputError, match=rf"mine\.csv: {message}"):
        took(pristine, out, solution)
    assert not out.exists()


def test_a_missing_solution_is_named(pristine: Path, tmp_path: Path, out: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.csv: not readable.*check the path"):
        took(pristine, out, tmp_path / "nowhere.csv")
    assert not out.exists()


def params(source: str, archive: Path | None = None) -> DataParams:
    return DataParams(
        source=source,
        archive=None if archive is None else str(archive),
        solution=None,
        simulated=SimulatedSource.model_validate(tiny.SIMULATED),
        kaggle=KaggleSource(competition="a-slug"),
    )


def test_the_source_archive_takes_the_named_archive(pristine: Path, out: Path) -> None:
    obtain(params("archive", pristine), out)
    assert {path.name for path in out.iterdir()} == FILES


def test_the_source_kaggle_fetches_the_competition(
    pristine: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kaggle, "fetch", lambda slug, archive: tiny.write_text(archive, slug))
    obtain(params("kaggle"), out)
    assert (out / "competition.zip").read_text() == "a-slug"
    assert {path.name for path in out.iterdir()} == FILES
    assert (out / "solution.csv").read_text() == "img,pixels,Usage\n"


def test_the_source_simulated_makes_a_competition_that_passes_its_check(out: Path) -> None:
    obtain(params("simulated"), out)
    assert {path.name for path in out.iterdir()} == FILES
    archive = out / "competition.zip"
    with Competition(archive) as competition:
        assert (len(competition.train), len(competition.test)) == (4, 2)
    took(archive, out / "copy", out / "solution.csv")
    assert (out / "copy/competition.zip").exists()


def test_an_archive_must_be_named() -> None:
    with pytest.raises(ValueError, match=r"set data\.archive"):
        params("archive")


def add_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a source as docs/extending.md says: a module with settings, and a line in `SOURCES`."""

    class MirrorParams(Section):
        folder: str

    def obtain_from_mirror(params: DataParams, out: Path) -> None:
        take(Path(params.settings("mirror", MirrorParams).folder), None, out)

    module = ModuleType("nerveseg.data.mirror")
    monkeypatch.setattr(module, "obtain", obtain_from_mirror, raising=False)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(sources, "SOURCES", {**sources.SOURCES, "mirror": module.__name__})


def read_with(settings: dict[str, object], folder: Path) -> DataParams:
    document = params("simulated").model_dump() | {"source": "mirror"} | settings
    (folder / "params.yaml").write_text(json.dumps({"data": document}))  # JSON is YAML
    return read("data", DataParams, folder / "params.yaml")


def test_a_source_is_added_by_a_module_and_a_line(
    pristine: Path, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_source(monkeypatch)
    obtain(read_with({"mirror": {"folder": str(pristine)}}, tmp_path), out)
    assert {path.name for path in out.iterdir()} == FILES


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, r"data\.mirror\.folder: .*required"),
        ({"mirror": {"folder": 3}}, r"data\.mirror\.folder: .*string"),
        ({"mirror": {"folder": "x", "url": "y"}}, r"data\.mirror\.url: .*not permitted"),
        ({"mirrors": {"folder": "x"}}, r"data\.mirrors: settings of an unknown source"),
        ({"source": "ftp"}, r"data\.source: there is no source 'ftp'; choose one of simulated, "),
    ],
)
def test_bad_settings_of_an_added_source_are_refused_by_key(
    settings: dict[str, object],
    message: str,
    tmp_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_source(monkeypatch)
    with pytest.raises(InputError, match=rf"params\.yaml: {message}"):
        obtain(read_with(settings, tmp_path), out)
    assert not out.exists()


@pytest.mark.parametrize("name", sources.SOURCES)
def test_every_source_of_the_registry_has_an_obtain(name: str) -> None:
    assert callable(import_module(sources.SOURCES[name]).obtain)
