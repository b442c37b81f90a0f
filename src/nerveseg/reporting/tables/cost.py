"""What each network costs."""

from typing import Final

from nerveseg.reporting.results import Results
from nerveseg.reporting.tables.table import Column, Row, Table, number, words

COLUMNS: Final = (
    Column("Network", text=True),
    Column("Parameters (1e6)", hint="that take part in the forward pass"),
    Column("GMACs", hint="1e9 multiply-adds of one forward pass of one image"),
    Column("Latency (ms)", hint="of one image; median"),
    Column("Training (GiB)", hint="tensors at the peak of a training step"),
    Column("Validation Dice"),
)


def build(results: Results) -> Table:
    """Return a row for each network whose cost was measured."""
    names = [name for name in results.networks if name in results.costs]
    rows = [_row(results, name) for name in names]
    return Table("Cost", COLUMNS, rows, _caption(results, names))


def _row(results: Results, name: str) -> Row:
    cost = results.costs[name]
    cells = [
        words(results.title(name), results.colour(name)),
        number(cost["parameters"] / 1e6, 2),
        number(cost["gmacs"], 2),
        number(cost["latency_ms"], 1),
        number(cost["training_gib"], 2),
        number(results.score(name, "dice")),
    ]
    return Row(cells, "ours" if name == results.reference else "")


def _caption(results: Results, names: list[str]) -> str:
    if not names:
        return ""
    # All networks are measured by one stage's settings: any of them tells.
    at = results.costs[names[0]]
    side = f"{at['size']} x {at['size']}"
    return (
        f"Of one image of {side} pixels, in float32, without test-time augmentation; latency on "
        f"a {at['device'].upper()} with {at['threads']} thread(s). Training: tensors at the peak "
        f"of a step with {at['batch']} images and Adam, without the workspaces of convolutions."
    )
