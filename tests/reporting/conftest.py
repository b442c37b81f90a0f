"""A report of a small run, built once for all tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import small_run
from ruamel.yaml import YAML

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the repository's after everything but the report ran."""
    root = tmp_path_factory.mktemp("run")
    small_run.write_run(root)
    yaml = YAML()
    params = yaml.load(REPOSITORY / "params.yaml")
    for name in set(params["models"]) - set(small_run.SKILL):
        del params["models"][name]
    yaml.dump(params, root / "params.yaml")
    return root


def build(root: Path) -> subprocess.CompletedProcess[str]:
    """Run the stage in `root` as DVC does."""
    stage = REPOSITORY / "stages/report.py"
    settings = os.environ | {"PYTHONPATH": str(REPOSITORY / "src"), "PYTHONWARNINGS": "error"}
    return subprocess.run(
        [sys.executable, str(stage)], cwd=root, env=settings, capture_output=True, text=True
    )


@pytest.fixture(scope="session")
def report(run_folder: Path) -> Path:
    done = build(run_folder)
    assert done.returncode == 0, done.stderr
    return run_folder / "report/index.html"
