"""The report's page: the template filled in, one self-contained file."""

from collections.abc import Sequence
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from nerveseg.data.archive import Competition
from nerveseg.reporting import words
from nerveseg.reporting.cases import Cases, validation_images
from nerveseg.reporting.chart_style import css_colour
from nerveseg.reporting.charts import draw
from nerveseg.reporting.decision_table import decision_table
from nerveseg.reporting.frame_views import browser_payload, example_grids, failure_groups
from nerveseg.reporting.notices import notices
from nerveseg.reporting.paper_tables import paper_tables, protocol_table
from nerveseg.reporting.provenance import Provenance
from nerveseg.reporting.results import Results
from nerveseg.reporting.score_tables import (
    comparison_table,
    cost_table,
    leaderboard_table,
    measures_table,
)
from nerveseg.reporting.training_table import training_table
from nerveseg.reporting.unseen_frames import UnseenFrame, unseen_grid

SCRIPTS: Final = ("tables.js", "overlay.js", "browser.js", "page.js")
CONTENTS: Final = (
    ("leaderboard", "Leaderboard"),
    ("paper", "The paper's tables"),
    ("comparisons", "What the data can separate"),
    ("measures", "All measures"),
    ("learning", "Learning and difficulty"),
    ("presence", "Probabilities and presence"),
    ("cost", "Accuracy against cost"),
    ("examples", "Side by side"),
    ("unseen", "Test frames"),
    ("failures", "Failures"),
    ("browser", "Image browser"),
    ("provenance", "Provenance"),
)


def render(
    results: Results,
    cases: Cases,
    competition: Competition,
    unseen: Sequence[UnseenFrame],
    provenance: Provenance,
) -> str:
    """Return the HTML of the report, which loads nothing from anywhere else.

    Args:
        results: what the earlier stages wrote.
        cases: the validation frames to show.
        competition: the source of the grey levels.
        unseen: the test frames to show.
        provenance: where the numbers come from.
    """
    environment = Environment(
        loader=PackageLoader("nerveseg.reporting", "assets"),
        autoescape=True,
        trim_blocks=True,
        undefined=StrictUndefined,  # a misspelled name raises instead of leaving a gap
    )
    context = _charts_and_tables(results, provenance) | _frames(results, cases, competition, unseen)
    return environment.get_template("page.html.j2").render(
        context | _words(results, provenance, unseen=bool(unseen))
    )


def _charts_and_tables(results: Results, provenance: Provenance) -> dict[str, Any]:
    charts: dict[str, Any] = {
        "leaderboard": draw("leaderboard", results),
        "learning": [draw("curves", results), draw("difficulty", results)],
        "presence": [draw("calibration", results), draw("presence", results)],
        "comparison": draw("comparison", results) if len(results.comparison) else None,
        "subjects": draw("subjects", results),
        "cost": draw("cost", results) if results.costs else None,
    }
    tables: dict[str, Any] = {
        "leaderboard": leaderboard_table(results),
        "paper": paper_tables(results, provenance.protocol),
        "protocol": protocol_table(provenance.protocol),
        "comparison": comparison_table(results),
        "measures": measures_table(results),
        "decisions": decision_table(results),
        "trainings": training_table(results),
        "cost": cost_table(results),
    }
    return {"charts": charts, "tables": tables}


def _frames(
    results: Results, cases: Cases, competition: Competition, unseen: Sequence[UnseenFrame]
) -> dict[str, Any]:
    rows = len(cases.examples)
    images = validation_images(competition)
    return {
        "grids": example_grids(results, cases),
        "unseen": unseen_grid(results, unseen, rows) if unseen else None,
        "failures": failure_groups(results, cases),
        "payload": browser_payload(results, cases, images, unseen, competition.test_image),
    }


def _words(results: Results, provenance: Provenance, *, unseen: bool) -> dict[str, Any]:
    runs = [
        {"name": run, "title": results.title(run), "colour": css_colour(results, run)}
        for run in results.runs
    ]
    return {
        "title": words.TITLE,
        "lead": words.lead(results),
        "warning": words.WARNINGS.get(provenance.source, ""),
        "notices": list(notices(results)),
        "headline_scores": words.headline_scores(results),
        "texts": words.sections(results),
        "contents": _contents(results, unseen=unseen),
        "runs": runs,
        "reference": next(run for run in runs if run["name"] == results.reference),
        "provenance": provenance.facts,
        "parameters": provenance.parameters,
        "css": _asset("page.css"),
        "script": "\n".join(_asset(name) for name in SCRIPTS),
    }


def _contents(results: Results, *, unseen: bool) -> list[tuple[str, str]]:
    """Return id and title of every section that the page has."""
    absent = {key for key, there in (("cost", results.costs), ("unseen", unseen)) if not there}
    return [(key, title) for key, title in CONTENTS if key not in absent]


def _asset(name: str) -> str:
    return (resources.files("nerveseg.reporting") / "assets" / name).read_text(encoding="utf-8")
