"""Write the report: one HTML page with tables, charts and an image browser that works offline."""

from pathlib import Path

from nerveseg.atomic import whole_file
from nerveseg.data.archive import Competition
from nerveseg.errors import run
from nerveseg.models.registry import titles
from nerveseg.params.data import DataParams
from nerveseg.params.ensembles import EnsemblesParams
from nerveseg.params.results import ReportParams, SummaryParams
from nerveseg.params.section import PARAMS_FILE, read
from nerveseg.params.train import ModelsParams
from nerveseg.params.trainings import read_trainings
from nerveseg.reporting.cases import find_cases, validation_images, with_contrast
from nerveseg.reporting.page import render
from nerveseg.reporting.protocol import read_protocol
from nerveseg.reporting.provenance import Provenance, collect_facts, parameters_text
from nerveseg.reporting.results import load_results
from nerveseg.reporting.unseen_frames import load_unseen


def main() -> None:
    """Write report/index.html."""
    root, params = Path(), read("report", ReportParams)
    runs = read("models", ModelsParams).runs()
    named = titles(runs) | read("ensembles", EnsemblesParams).titles()
    results = load_results(root, named, read("summary", SummaryParams).reference)
    provenance = Provenance(
        read("data", DataParams).source,
        read_protocol(),
        collect_facts(root, list(runs), list(read_trainings())),
        parameters_text(PARAMS_FILE),
    )
    unseen = load_unseen(root, results.runs, params.frames)
    with Competition(root / "data/verified/competition.zip") as competition:
        results = with_contrast(results, validation_images(competition))
        cases = find_cases(results, params.examples, params.frames)
        page = render(results, cases, competition, unseen, provenance)
    with whole_file(root / "report/index.html") as temporary:
        temporary.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    run(main)
