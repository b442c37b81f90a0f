"""Validation, public and private Dice, Kaggle's own where it was asked."""

from nerveseg.reporting.results import Results
from nerveseg.reporting.tables.table import Column, Row, Table, interval, number, words

COLUMNS = (
    Column("Network", text=True),
    Column("Validation", hint="mean Dice over the validation frames at 580 x 420"),
    Column("95% interval", text=True, hint="bootstrap over subjects"),
    Column("Public", hint="mean Dice over the public share of the test frames"),
    Column("Private", hint="mean Dice over the private share of the test frames"),
)
KAGGLE = (Column("Kaggle public"), Column("Kaggle private"), Column("Kaggle status", text=True))
CAPTION = (
    "Mean Dice per image, where two empty masks count 1. Validation: mean and 95% interval by "
    "bootstrap over subjects, for frames of a subject are no independent draws. The all-empty "
    "submission is what saying 'no nerve' everywhere scores: nothing below it has learned "
    "anything."
)


def build(results: Results) -> Table:
    """Return a row a network and one for the all-empty submission."""
    rows = [_row(results, name) for name in results.networks]
    some = results.networks[0]  # the all-empty submission is the same whatever the network
    measures = ("empty_public", "empty_private")
    cells = [words("All-empty submission"), number(results.score(some, "empty_dice")), words("")]
    cells += [number(results.score(some, measure)) for measure in measures]
    cells += [number(None), number(None), words("")] if results.leaderboard else []
    columns = COLUMNS + (KAGGLE if results.leaderboard else ())
    return Table("Leaderboard", columns, [*rows, Row(cells, "rest")], CAPTION)


def _row(results: Results, name: str) -> Row:
    cells = [
        words(results.title(name), results.colour(name)),
        number(results.score(name, "dice")),
        interval(*results.interval(name)),
        number(results.score(name, "public")),
        number(results.score(name, "private")),
    ]
    if results.leaderboard:
        said = results.leaderboard.get(name, {})
        cells += [number(said.get("public"), 5), number(said.get("private"), 5)]
        cells.append(words(str(said.get("status", "not submitted")).lower()))
    return Row(cells, "ours" if name == results.reference else "")
