"""Outputs are complete or absent."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from nerveseg.atomic import remove_partial, whole_file, whole_files

ROOT = Path(__file__).parents[1]


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "new" / "masks.csv"
    with whole_file(path) as temporary:
        temporary.write_text("img,pixels\n")
        assert not path.exists()
        assert temporary.suffix == ".csv"
    assert path.read_text() == "img,pixels\n"
    assert [entry.name for entry in path.parent.iterdir()] == ["masks.csv"]


def test_a_failure_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "masks.csv"
    path.write_text("earlier")
    with pytest.raises(ZeroDivisionError), whole_file(path) as temporary:
        temporary.write_text(str(1 // 0))
    assert path.read_text() == "earlier"
    assert [entry.name for entry in tmp_path.iterdir()] == ["masks.csv"]


def test_files_replace_earlier_ones_and_leave_others_alone(tmp_path: Path) -> None:
    path = tmp_path / "packed"
    path.mkdir()
    (path / "test.csv").write_text("earlier")
    (path / "mine.zip").write_text("mine")
    with whole_files(path) as temporary:
        (temporary / "test.csv").write_text("new")
        assert (path / "test.csv").read_text() == "earlier"
    assert {entry.name: entry.read_text() for entry in path.iterdir()} == {
        "test.csv": "new",
        "mine.zip": "mine",
    }
    assert [entry.name for entry in tmp_path.iterdir()] == ["packed"]


def test_a_failure_leaves_the_earlier_files(tmp_path: Path) -> None:
    path = tmp_path / "packed"
    path.mkdir()
    (path / "whole.npy").touch()
    with pytest.raises(ZeroDivisionError), whole_files(path) as temporary:
        (temporary / "half.npy").write_text(str(1 // 0))
    assert [entry.name for entry in tmp_path.iterdir()] == ["packed"]
    assert [entry.name for entry in path.iterdir()] == ["whole.npy"]


def killed_writer(path: Path, function: str) -> None:
    """Write to `path` in a process that is killed meanwhile."""
    code = f"""
import os, signal
from pathlib import Path
from nerveseg.atomic import {function}
with {function}(Path({str(path)!r})) as temporary:
    (temporary / "half" if temporary.is_dir() else temporary).write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9


@pytest.mark.parametrize("function", ["whole_file", "whole_files"])
def test_the_next_writer_removes_what_a_killed_one_left(tmp_path: Path, function: str) -> None:
    killed_writer(tmp_path / "unet.csv", function)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".partial-")
    with whole_file(tmp_path / "cenet.csv") as temporary:
        temporary.write_text("whole")
    assert [entry.name for entry in tmp_path.iterdir()] == ["cenet.csv"]


def test_what_a_running_process_writes_is_kept(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a.csv") as one, whole_files(tmp_path / "packed") as other:
        one.write_text("a")
        (other / "b").write_text("b")
        assert remove_partial(tmp_path) == []
    assert (tmp_path / "a.csv").read_text() == "a"
    assert (tmp_path / "packed/b").read_text() == "b"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # DVC's own
def test_what_is_left_does_not_change_a_folder_that_dvc_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    from dvc.dvcfile import LOCK_FILE
    from dvc.repo import Repo

    # DVC may have been imported by a test whose captured output is closed by now.
    monkeypatch.setattr(logging.getLogger("dvc"), "handlers", [])
    masks = tmp_path / "masks"
    masks.mkdir()
    (masks / "unet.csv").write_text("whole")
    (tmp_path / "dvc.yaml").write_text(
        "stages: {all: {cmd: echo > out, deps: [masks], outs: [out]}}"
    )
    (tmp_path / ".dvcignore").write_text((ROOT / ".dvcignore").read_text())
    with Repo.init(str(tmp_path), no_scm=True) as repo:
        repo.reproduce()
        before = (tmp_path / LOCK_FILE).read_bytes()
        killed_writer(masks / "unet.csv", "whole_file")
        assert len(list(masks.iterdir())) == 2
        repo.reproduce()
    assert (tmp_path / LOCK_FILE).read_bytes() == before
    with Repo(str(tmp_path)) as repo:
        assert repo.status() == {}
