"""The table of rules: by which rule the masks of each run are made, and what the others gain."""

from typing import Any, Final

from nerveseg.reporting.chart_style import css_colour
from nerveseg.reporting.results import Results
from nerveseg.reporting.table_cells import (
    Cell,
    Column,
    Row,
    Table,
    bracketed,
    number_cell,
    text_cell,
)

KINDS: Final = ("sweep", "shape", "area", "triplet", "presence", "best")
COLUMNS: Final = (
    Column("Network", text=True),
    Column("Rule", text=True, hint="for the test frames: fitted on all validation frames"),
    Column("Dice, fixed", hint="mean validation Dice by the section encode of params.yaml"),
    *(Column(kind, hint="mean validation Dice minus that of fixed") for kind in KINDS),
)
CAPTION: Final = (
    "'sweep' is fixed on maps smoothed over near-duplicate frames; 'shape' is fixed with outlines "
    "redrawn by a prior of shape, on such maps if both are switched on; the other rules are fitted "
    "with what is switched on. Every gain is cross-fitted: the frames of a subject are decided by "
    "a rule fitted on other subjects.{intervals} 'best' chooses among the other rules, again "
    "without the subjects that it is judged by. The validation scores in this report are those of "
    "the cross-fitted rule in use."
)


def decision_table(results: Results) -> Table:
    """Return one row for each run whose rule was fitted."""
    rows = [_row(results, run) for run in results.runs if results.decisions[run]["compared"]]
    paired = f" In brackets: its {results.percent} interval, paired by frame, clustered by subject."
    intervals = paired if results.has_intervals else ""
    return Table("Rules", COLUMNS, rows, CAPTION.format(intervals=intervals))


def decision_words(results: Results) -> str:
    """Return a sentence about how maps became masks."""
    kinds = {str(results.decisions[run]["kind"]) for run in results.runs}
    if kinds == {"fixed"}:
        return (
            "The masks of all runs are made by the same fixed rule: "
            f"{described(results.decisions[results.runs[0]]['test'])}."
        )
    if "shape" in kinds <= {"fixed", "sweep", "shape"}:
        return (
            "Masks are made by a fixed rule, and redrawn by a prior of the training masks' shapes."
        )
    if kinds <= {"fixed", "sweep"}:
        return "Masks are made by a fixed rule from maps smoothed over near-duplicate frames."
    return "The rule by which maps become masks was fitted on the validation frames."


def described(rule: dict[str, Any]) -> str:
    """Return a rule in words."""
    words = f"pixels with a probability of at least {rule['threshold']:g}"
    if rule["min_blob"]:
        words += f", without blobs under {rule['min_blob']} pixels"
    if rule["min_total"]:
        words += f", if at least {rule['min_total']} remain"
    if sure := rule["sure"]:
        words += f", if at least {sure['pixels']} have {sure['threshold']:g} or more"
    if rule["presence"]:
        words += ", if the probability of a nerve exceeds 1 / (1 + the expected Dice)"
    return words


def _row(results: Results, run: str) -> Row:
    decision = results.decisions[run]
    gains = {row["kind"]: row for row in decision["compared"]}
    rule = f"{decision['test']['name']}: {described(decision['test'])}"
    if decision["test_nerves"] is not None:
        rule += f", for {100 * decision['test_nerves']:.0f}% of test frames with a nerve"
    cells = [
        text_cell(results.title(run), css_colour(results, run)),
        text_cell(rule),
        number_cell(gains["fixed"]["dice"]),
        *(_gain_cell(gains.get(kind)) for kind in KINDS),
    ]
    return Row(cells, "ours" if run == results.reference else "")


def _gain_cell(gain: dict[str, Any] | None) -> Cell:
    """Return a gain with its interval, if there are enough subjects; a dash if not compared."""
    if gain is None:
        return number_cell(None)
    value, low, high = (number_cell(gain[key], sign=True).text for key in ("gain", "low", "high"))
    text = value if gain["low"] is None else f"{value} {bracketed(f'{low} to {high}')}"
    return Cell(text, gain["gain"])
