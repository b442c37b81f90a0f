"""No command deletes files that the user keeps in the project, whatever the parameters name."""

import shutil
from pathlib import Path

import pytest
from clone import Clone

pytestmark = pytest.mark.slow

ARCHIVE = "-S data.source=archive -S data.archive="


@pytest.fixture(scope="module")
def project(tiny: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Return a project that has packed a competition whose archive is outside the project."""
    tiny.repro("pack")
    (tiny.folder / "link.zip").symlink_to(OUTPUT)
    (tiny.folder / "linked").symlink_to("data/verified")
    tiny.commit("packed")
    outside = tmp_path_factory.mktemp("outside")
    for name in ("competition.zip", "solution.csv"):
        shutil.copyfile(tiny.folder / "data/verified" / name, outside / name)
    tiny.outside = outside  # type: ignore[attr-defined]
    return tiny


def own(project: Clone, name: str, source: str = "competition.zip") -> Path:
    """Put a copy of the archive (or solution) at `name` within the project."""
    path = project.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(project.outside / source, path)  # type: ignore[attr-defined]
    return path


FOLDERS = ("data", "data/raw", "data/verified", "data/packed", "report")


@pytest.mark.parametrize("folder", FOLDERS)
def test_an_archive_beside_the_outputs_is_taken_and_kept(project: Clone, folder: str) -> None:
    mine = own(project, name := f"{folder}/k.zip")
    solution = own(project, "data/solution/solution.csv", "solution.csv")
    before = mine.read_bytes(), solution.read_bytes()
    arguments = f"{ARCHIVE}{name} -S data.solution=data/solution/solution.csv"
    project.shell(f"dvc exp run {arguments} pack")
    project.shell(
        "git restore params.yaml dvc.lock && dvc repro -f pack && dvc checkout --force pack"
    )
    assert (mine.read_bytes(), solution.read_bytes()) == before
    mine.unlink()


OUTPUT = "data/verified/competition.zip"
REFUSED = {
    "by its name": OUTPUT,
    "by way of another folder": f"src/../{OUTPUT}",
    "by its absolute path": f"{{root}}/{OUTPUT}",
    "through a link to the file": "link.zip",
    "through a link to its folder": "linked/competition.zip",
}


@pytest.mark.parametrize(
    ("case", "start"),
    [
        *((case, "dvc repro pack") for case in REFUSED),
        ("by its name", "dvc repro -f pack"),
        ("by its name", "dvc exp run pack"),
        ("by its name", "dvc exp run --temp pack"),
    ],
)
def test_an_archive_that_is_an_output_is_refused_and_kept(
    project: Clone, case: str, start: str
) -> None:
    mine = project.folder / OUTPUT
    before = mine.read_bytes()
    project.set(data__source="archive", data__archive=REFUSED[case].format(root=project.folder))
    said = project.fails(start)
    assert "error: data.archive: " in said
    assert "which DVC deletes before it runs; copy it elsewhere" in said
    assert mine.read_bytes() == before
    project.shell("git restore --staged --worktree params.yaml")


def test_a_solution_that_is_an_output_is_refused_and_kept(project: Clone) -> None:
    mine = own(project, "data/raw/k.zip")
    project.set(data__source="archive", data__archive=str(mine))
    project.set(data__solution="data/verified/solution.csv")
    said = project.fails("dvc repro pack")
    assert "error: data.solution: data/verified/solution.csv is data/verified/solution.csv" in said
    assert (project.folder / "data/verified/solution.csv").exists()
    project.shell("git restore params.yaml")


def test_no_output_is_a_folder_but_the_hidden_one(project: Clone) -> None:
    # DVC empties folders before a stage runs, and before an experiment does.
    outs = project.shell(
        'python -c "from dvc.repo import Repo\nfor out in Repo().index.outs: print(out)"'
    )
    assert len(outs.splitlines()) > 20
    assert [out for out in outs.splitlines() if not Path(out).suffix] == ["data/.code"]


def test_outputs_behind_a_link_are_found(project: Clone, tmp_path: Path) -> None:
    # The folder data is a link to another disk, and the parameter names the file's path there.
    shutil.move(project.folder / "data", tmp_path / "disk")
    (project.folder / "data").symlink_to(tmp_path / "disk")
    mine = tmp_path / "disk/verified/competition.zip"
    project.set(data__source="archive", data__archive=str(mine))
    said = project.fails("python stages/check.py")
    assert "is data/verified/competition.zip, an output of the stage download" in said
    assert mine.exists()
