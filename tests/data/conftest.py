"""Competitions for the tests of reading, packing and splitting."""

import shutil
from pathlib import Path

import pytest
import tiny


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A competition as a folder, which tests must not change."""
    return tiny.write_folder(tmp_path_factory.mktemp("competition") / "folder")


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """A copy of the competition, in which tests introduce faults."""
    return shutil.copytree(pristine, tmp_path / "folder")
