"""The paper's tables with our scores and the baselines beside them."""

from typing import Any, Final

import pandas as pd

from nerveseg.params.train import BASELINES
from nerveseg.reporting.paper_protocol import ALWAYS_OPEN
from nerveseg.reporting.protocol import Protocol, summary
from nerveseg.reporting.results import Results
from nerveseg.reporting.score_tables import NETWORK
from nerveseg.reporting.table_cells import Cell, Column, Row, Table, number_cell, text_cell

PAPER_METRICS: Final = {
    "dice": "DC",
    "accuracy": "ACC",
    "sensitivity": "SE",
    "specificity": "SP",
    "auc": "AUC",
}
PAPER_TABLES: Final = {1: "Table 1: the ablation", 2: "Table 2: seven networks"}


PROTOCOL_COLUMNS: Final = (
    Column("Parameter", text=True),
    Column("Here", text=True),
    Column("Paper", text=True),
    Column("Note", text=True),
)
PROTOCOL_CAPTION: Final = (
    "Every parameter of params.yaml that differs from the paper's value, and every one that the "
    "paper does not state and that can change scores. All others are the paper's, or change scores "
    f"by rounding at most. The paper also leaves open: {', '.join(ALWAYS_OPEN)}."
)


def paper_tables(results: Results, protocol: Protocol) -> list[Table]:
    """Return the paper's Tables 1 and 2 with our scores beside them.

    Args:
        results: the scores.
        protocol: how data and protocol differ from the paper's.
    """
    differences = summary(protocol)
    return [
        _paper_table(results, name, results.paper[results.paper["table"] == which], differences)
        for which, name in PAPER_TABLES.items()
    ]


def _paper_table(results: Results, name: str, rows: pd.DataFrame, differences: str) -> Table:
    metrics = [
        metric for metric in PAPER_METRICS if rows[rows["metric"] == metric]["paper"].notna().any()
    ]
    columns = [NETWORK]
    for _ in metrics:
        columns += [Column("Paper"), Column("Ours"), Column("Diff.")]
    groups = [("", 1), *((PAPER_METRICS[metric], 3) for metric in metrics)]
    lines = []
    runs = rows["run"].fillna("")  # NaN where no run trains the network
    for (title, run), lines_of_run in rows.groupby(["title", runs], sort=False):
        figures = {line["metric"]: line for line in lines_of_run.to_dict("records")}
        alone = runs[rows["title"] == title].nunique() == 1
        cells = [
            text_cell(str(title) if alone else f"{title}: {results.title(str(run))}"),
            *(cell for metric in metrics for cell in _paper_cells(figures[metric])),
        ]
        lines.append(Row(cells, "ours" if run == results.reference else ""))
    lines += [_baseline_row(results, baseline, metrics) for baseline in BASELINES]
    return Table(name, columns, lines, f"In percent. {differences}", groups)


def _baseline_row(results: Results, name: str, metrics: list[str]) -> Row:
    cells = [text_cell(results.title(name))]
    for metric in metrics:
        ours = 100 * results.score(name, metric)
        cells += _paper_cells({"paper": None, "ours": ours, "difference": None})
    return Row(cells, "rest")


def _paper_cells(line: dict[Any, Any]) -> list[Cell]:
    return [
        number_cell(line["paper"], 2),
        number_cell(line["ours"], 2),
        number_cell(line["difference"], 2, sign=True),
    ]


def protocol_table(protocol: Protocol) -> Table:
    """Return one row for each parameter that differs from the paper's or that it leaves open."""
    rows = [
        Row([text_cell(row.key), text_cell(row.ours), text_cell(paper), text_cell(row.note)], kind)
        for found, kind, open_value in (
            (protocol.differences, "", "unknown"),
            (protocol.unstated, "rest", "not stated"),
        )
        for row in found
        for paper in [row.paper or open_value]
    ]
    return Table("Protocol", PROTOCOL_COLUMNS, rows, PROTOCOL_CAPTION)
