"""The paper's Tables 1 and 2 with ours beside them."""

from typing import Final

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
        _table(results, int(number_of), rows, differs)
        for number_of, rows in results.paper.groupby("table")
    ]


def _table(results: Results, number_of: int, rows: pd.DataFrame, differs: str) -> Table:
    metrics = [metric for metric in HEADS if rows[rows["metric"] == metric]["paper"].notna().any()]
    columns = [Column("Network", text=True)]
    for _ in metrics:
        columns += [Column("Paper"), Column("Ours"), Column("Diff.")]
    groups = [("", 1), *((HEADS[metric], 3) for metric in metrics)]
    lines = []
    for title, figures in rows.groupby("title", sort=False):
        by_metric = figures.set_index("metric")
        network = str(by_metric["network"].iloc[0])
        cells = [words(str(title))]
        for metric in metrics:
            cells += _cells(by_metric.loc[metric])
        lines.append(Row(cells, "ours" if network == results.reference else ""))
    return Table(NAMES[number_of], columns, lines, f"In per cent. {differs}", groups)


def _cells(line: "pd.Series[float]") -> list[Cell]:
    return [
        number(line["paper"], 2),
        number(line["ours"], 2),
        number(line["difference"], 2, sign=True),
    ]
