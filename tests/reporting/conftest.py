"""A report of a small run, built once for all tests."""

from pathlib import Path

import pytest
import small_run
from ruamel.yaml import YAML


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the repository's after everything but the report ran."""
    root = tmp_path_factory.mktemp("run")
    small_run.write_run(root)
    yaml = YAML()
    params = yaml.load(small_run.REPOSITORY / "params.yaml")
    for name in set(params["models"]) - set(small_run.SKILL):
        del params["models"][name]
    yaml.dump(params, root / "params.yaml")
    return root


@pytest.fixture(scope="session")
def report(run_folder: Path) -> Path:
    done = small_run.build(run_folder)
    assert done.returncode == 0, done.stderr
    return run_folder / "report/index.html"
