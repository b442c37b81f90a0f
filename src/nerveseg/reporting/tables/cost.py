"""What each network costs."""

from nerveseg.reporting.results import Results
from nerveseg.reporting.tables.table import Column, Row, Table, number, words

COLUMNS = (
    Column("Network", text=True),
    Column("Parameters", hint="millions that take part in the forward pass"),
    Column("GMACs", hint="1e9 multiply-adds of one forward pass, one frame"),
    Column("Latency (ms)", hint="one frame, median"),
    Column("Validation Dice"),
)
CAPTION = (
    "Parameters in millions; multiply-adds and latency of one forward pass of one frame at the "
    "size that the networks of this run were trained at, without test-time augmentation."
)


def build(results: Results) -> Table:
    """Return a row for each network whose cost was measured."""
    rows = []
    for name in results.networks:
        if name not in results.costs:
            continue
        cost = results.costs[name]
        cells = [
            words(results.title(name), results.colour(name)),
            number(cost["parameters"] / 1e6, 2),
            number(cost["gmacs"], 2),
            number(cost["latency_ms"], 1),
            number(results.score(name, "dice")),
        ]
        rows.append(Row(cells, "ours" if name == results.reference else ""))
    return Table("Cost", COLUMNS, rows, CAPTION)
