"""Stage summary: all runs in one file of metrics, and which of them the data can separate."""

from pathlib import Path

from nerveseg.errors import run
from nerveseg.evaluation.compare import Comparison, Standing
from nerveseg.evaluation.curves import Point, read_curves
from nerveseg.evaluation.paper import Line, compare_with_paper
from nerveseg.evaluation.summary import read_scored, summarise
from nerveseg.evaluation.tables import write_csv, write_json
from nerveseg.params.results import SummaryParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams


def main() -> None:
    """Write the tables under metrics/."""
    params = read("summary", SummaryParams)
    runs = read("models", ModelsParams).runs()
    names = list(runs)
    metrics = Path("metrics")
    curves = read_curves(Path("data/curves"), names)
    summary = summarise(
        read_scored(Path("data/scores"), names),
        params.reference,
        draws=params.draws,
        level=params.level,
        seed=params.seed,
    )
    write_csv(metrics / "comparison.csv", Comparison._fields, summary.comparison)
    write_csv(metrics / "groups.csv", Standing._fields, summary.standings)
    write_csv(
        metrics / "paper.csv",
        Line._fields,
        compare_with_paper(summary.scores, {name: each.network for name, each in runs.items()}),
    )
    write_csv(metrics / "curves.csv", Point._fields, curves)
    write_json(metrics / "scores.json", summary.scores)


if __name__ == "__main__":
    run(main)
