"""Outputs are complete or absent."""

from pathlib import Path

import pytest

from nerveseg.atomic import whole_file, whole_files


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
