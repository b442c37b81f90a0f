"""A report of a small run, built once for all tests."""

from pathlib import Path

import pytest
import small_run


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the repository's after everything but the report ran."""
    root = tmp_path_factory.mktemp("run")
    small_run.write_run(root)
    return root


@pytest.fixture(scope="session")
def report(run_folder: Path) -> Path:
    done = small_run.build(run_folder)
    assert done.returncode == 0, done.stderr
    return run_folder / "report/index.html"
