"""Stage summary: all networks in one file of metrics, and which of them the data can separate."""

from pathlib import Path

from nerveseg.errors import run
from nerveseg.evaluation.compare import Comparison, Standing
from nerveseg.evaluation.curves import Point, read_curves
from nerveseg.evaluation.paper import Line, beside
from nerveseg.evaluation.summary import read_scored, summarise
from nerveseg.evaluation.tables import write_csv, write_json
from nerveseg.params.section import read
from nerveseg.params.summary import SummaryParams
from nerveseg.params.train import ModelsParams


def main() -> None:
    """Write the tables under metrics/."""
    params = read("summary", SummaryParams)
    networks = list(read("models", ModelsParams).model_extra or {})
    metrics = Path("metrics")
    curves = read_curves(Path("data/curves"), networks)
    summary = summarise(
        read_scored(Path("data/scores"), networks),
        params.reference,
        draws=params.draws,
        level=params.level,
        seed=params.seed,
    )
    write_csv(metrics / "comparison.csv", Comparison._fields, summary.comparison)
    write_csv(metrics / "groups.csv", Standing._fields, summary.standings)
    write_csv(metrics / "paper.csv", Line._fields, beside(summary.scores))
    write_csv(metrics / "curves.csv", Point._fields, curves)
    write_json(metrics / "scores.json", summary.scores)


if __name__ == "__main__":
    run(main)
