"""Small results and a report on them, built once for all tests."""

from pathlib import Path

import pytest
import small_run

from nerveseg.data.archive import Competition
from nerveseg.data.layout import TrainRecord
from nerveseg.reporting.cases import with_contrast
from nerveseg.reporting.results import Results, load_results


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the repository after every stage but `report`."""
    root = tmp_path_factory.mktemp("run")
    small_run.write_run(root)
    return root


@pytest.fixture(scope="session")
def results(run_folder: Path) -> Results:
    found = load_results(run_folder, small_run.TITLES, "rpa_apf")
    with Competition(run_folder / "data/verified/competition.zip") as competition:
        return with_contrast(
            found, lambda subject, img: competition.image(TrainRecord(subject, img, ""))
        )


@pytest.fixture(scope="session")
def report(run_folder: Path) -> Path:
    done = small_run.build(run_folder)
    assert done.returncode == 0, done.stderr
    return run_folder / "report/index.html"
