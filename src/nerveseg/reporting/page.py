"""The page: everything put into its template, in one self-contained file."""

from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from nerveseg.reporting import browser, texts, verdict
from nerveseg.reporting.cases import Cases
from nerveseg.reporting.charts import draw
from nerveseg.reporting.contrast import Images
from nerveseg.reporting.examples import failures, grids
from nerveseg.reporting.results import Results
from nerveseg.reporting.tables import comparison, cost, leaderboard, measures, paper

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
    ("failures", "Failures"),
    ("browser", "Image browser"),
    ("provenance", "Provenance"),
)


@dataclass(frozen=True)
class Origin:
    """Where the numbers come from.

    Attributes:
        source: `data.source`: simulated, archive or kaggle.
        differs: what differs from the paper in data or protocol, for a caption.
        facts: name -> value, see `nerveseg.reporting.provenance`.
        parameters: params.yaml as it is.
    """

    source: str
    differs: str
    facts: dict[str, str]
    parameters: str


def render(results: Results, cases: Cases, images: Images, origin: Origin) -> str:
    """Return the HTML of the report; it loads nothing from anywhere."""
    environment = Environment(
        loader=PackageLoader("nerveseg.reporting", "assets"),
        autoescape=True,
        trim_blocks=True,
        undefined=StrictUndefined,  # a slip in a name fails here, not as a hole in the page
    )
    context = (
        _scores(results, origin) | _frames(results, cases, images) | _frame_of(results, origin)
    )
    return environment.get_template("page.html.j2").render(context)


def _scores(results: Results, origin: Origin) -> dict[str, Any]:
    charts: dict[str, Any] = {
        "leaderboard": draw("leaderboard", results),
        "learning": [draw("curves", results), draw("difficulty", results)],
        "presence": [draw("calibration", results), draw("presence", results)],
        "comparison": draw("comparison", results) if len(results.comparison) else None,
        "subjects": draw("subjects", results),
        "cost": draw("cost", results) if results.costs else None,
    }
    tables: dict[str, Any] = {
        "leaderboard": leaderboard.build(results),
        "paper": paper.build(results, origin.differs),
        "comparison": comparison.build(results),
        "measures": measures.build(results),
        "cost": cost.build(results),
    }
    return {"charts": charts, "tables": tables}


def _frames(results: Results, cases: Cases, images: Images) -> dict[str, Any]:
    return {
        "grids": grids(results, cases),
        "failures": failures(results, cases),
        "payload": browser.payload(
            results, cases.frames, cases.browser, cases.examples[len(cases.examples) // 2], images
        ),
    }


def _frame_of(results: Results, origin: Origin) -> dict[str, Any]:
    names = [
        {"name": name, "title": results.title(name), "colour": results.colour(name)}
        for name in results.networks
    ]
    return {
        "title": texts.TITLE,
        "lead": texts.lead(results),
        "warning": texts.WARNINGS.get(origin.source, ""),
        "facts": texts.facts(results),
        "texts": texts.SECTIONS | {"comparison": verdict.comparison(results)},
        "contents": [(key, name) for key, name in CONTENTS if key != "cost" or results.costs],
        "networks": names,
        "reference": next(name for name in names if name["name"] == results.reference),
        "provenance": origin.facts,
        "parameters": origin.parameters,
        "css": _asset("page.css"),
        "script": "\n".join(_asset(name) for name in SCRIPTS),
    }


def _asset(name: str) -> str:
    return (resources.files("nerveseg.reporting") / "assets" / name).read_text(encoding="utf-8")
