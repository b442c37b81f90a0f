"""Small runs, written once and copied for the tests that score them."""

import shutil
from pathlib import Path

import pytest
from run_folder import write_runs

RUNS = {"rpa_apf": 3, "unet": 12, "baseline": -1}


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as the stages before scoring leave it; tests must not change it."""
    folder = tmp_path_factory.mktemp("run")
    write_runs(folder, RUNS)
    return folder


@pytest.fixture
def run_folder(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy that a test may change, as the working folder."""
    folder = tmp_path / "run"
    shutil.copytree(written, folder)
    monkeypatch.chdir(folder)
    return folder
