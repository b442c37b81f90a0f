"""One page that opens offline: tables, figures, an image browser, provenance."""

from pathlib import Path

from nerveseg.atomic import whole_file
from nerveseg.data.archive import Competition
from nerveseg.data.layout import TrainRecord
from nerveseg.errors import run
from nerveseg.models.registry import titles
from nerveseg.params.results import ReportParams, SummaryParams
from nerveseg.params.section import PARAMS_FILE, read
from nerveseg.reporting import cases, provenance
from nerveseg.reporting.contrast import Image, with_contrast
from nerveseg.reporting.load import load
from nerveseg.reporting.page import Origin, render
from nerveseg.reporting.protocol import differences, settings


def main() -> None:
    """Write report/index.html."""
    root = Path()
    params = read("report", ReportParams)
    chosen = settings()
    results = load(root, titles(chosen.models), read("summary", SummaryParams).reference)
    origin = Origin(
        chosen.data.source,
        differences(chosen),
        provenance.collect(root),
        provenance.parameters(PARAMS_FILE),
    )
    with Competition(root / "data/verified/competition.zip") as competition:

        def image(subject: int, img: int) -> Image:
            return competition.image(TrainRecord(subject, img, ""))

        results = with_contrast(results, image)
        found = cases.find(results, params.examples, params.frames)
        page = render(results, found, image, origin)
    with whole_file(root / "report/index.html") as temporary:
        temporary.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    run(main)
