"""The paper's Tables 1 and 2 with ours beside them."""

from typing import Any, Final

import pandas as pd

from nerveseg.reporting.results import Results
from nerveseg.reporting.tables.table import Cell, Column, Row, Table, number, words

HEADS: Final = {
    "dice": "DC",
    "accuracy": "ACC",
    "sensitivity": "SE",
    "specificity": "SP",
    "auc": "AUC",
}
NAMES: Final = {1: "Table 1: the ablation", 2: "Table 2: seven networks"}


def build(results: Results, differs: str) -> list[Table]:
    """Return the two tables; `differs` says what differs from the paper in data or protocol."""
    return [
        _table(results, name, results.paper[results.paper["table"] == which], differs)
        for which, name in NAMES.items()
    ]


def _table(results: Results, name: str, rows: pd.DataFrame, differs: str) -> Table:
    metrics = [metric for metric in HEADS if rows[rows["metric"] == metric]["paper"].notna().any()]
    columns = [Column("Network", text=True)]
    for _ in metrics:
        columns += [Column("Paper"), Column("Ours"), Column("Diff.")]
    groups = [("", 1), *((HEADS[metric], 3) for metric in metrics)]
    lines = []
    runs = rows["run"].fillna("")
    for (title, run), lines_of_run in rows.groupby(["title", runs], sort=False):
        figures = {line["metric"]: line for line in lines_of_run.to_dict("records")}
        alone = runs[rows["title"] == title].nunique() == 1
        cells = [
            words(str(title) if alone else f"{title}: {results.title(str(run))}"),
            *(cell for metric in metrics for cell in _cells(figures[metric])),
        ]
        lines.append(Row(cells, "ours" if run == results.reference else ""))
    return Table(name, columns, lines, f"In per cent. {differs}", groups)


def _cells(line: dict[Any, Any]) -> list[Cell]:
    return [
        number(line["paper"], 2),
        number(line["ours"], 2),
        number(line["difference"], 2, sign=True),
    ]
