"""Every network held against the reference on the same frames."""

from typing import Any, Final

from nerveseg.reporting.results import Results
from nerveseg.reporting.tables.table import Cell, Column, Row, Table, interval, number, words

COLUMNS: Final = (
    Column("Network", text=True),
    Column("Dice"),
    Column("Difference", hint="its mean Dice minus the reference's"),
    Column("95% interval", text=True, hint="of the difference; paired bootstrap over subjects"),
    Column("p, bootstrap", hint="Holm-corrected for the number of networks"),
    Column("p, Wilcoxon", hint="signed-rank test on the subjects' means, Holm-corrected"),
    Column("The data says", text=True),
)
SAYS: Final = {
    "better": "above the reference",
    "worse": "below the reference",
    "not separable": "no order",
    "too few subjects": "too few subjects to tell",
}


def build(results: Results) -> Table:
    """Return a row for each network but the reference."""
    reference = results.title(results.reference)
    caption = (
        f"Mean Dice of each network minus that of {reference} on the same frames. Intervals and "
        "the first p by paired bootstrap over subjects, the second p by Wilcoxon's signed-rank "
        "test on the subjects' means; both corrected by Holm for the number of networks. 'No "
        "order' means that these data do not tell the two apart."
    )
    rows = [_row(results, row) for row in results.comparison.to_dict("records")]
    return Table("Comparison", COLUMNS, rows, caption)


def _row(results: Results, row: dict[Any, Any]) -> Row:
    name = str(row["network"])
    return Row(
        [
            words(results.title(name), results.colour(name)),
            number(row["dice"]),
            number(row["difference"], sign=True),
            interval(row["low"], row["high"], sign=True),
            _p(row["t_test_holm"]),
            _p(row["wilcoxon_holm"]),
            words(SAYS[row["verdict"]]),
        ]
    )


def _p(value: float) -> Cell:
    smallest = 0.001
    return Cell("< 0.001", value) if value < smallest else number(value)
