"""Collect the scores of all runs in one table and test which differences the data support."""

from pathlib import Path

from nerveseg.errors import run
from nerveseg.evaluation.baselines import read_baselines
from nerveseg.evaluation.compare import Comparison, Standing
from nerveseg.evaluation.paper import PaperComparison, compare_with_paper
from nerveseg.evaluation.result_files import write_csv, write_json
from nerveseg.evaluation.summary import CurvePoint, read_curves, read_scored, summarise
from nerveseg.evaluation.trainings import TrainingResult, training_results, warn
from nerveseg.params.ensembles import EnsemblesParams
from nerveseg.params.results import SummaryParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams
from nerveseg.params.trainings import read_trainings


def main() -> None:
    """Write the tables under metrics/."""
    params = read("summary", SummaryParams)
    runs = read("models", ModelsParams).runs()
    ensembles = read("ensembles", EnsemblesParams).names()
    metrics = Path("metrics")
    curves = read_curves(Path("data/curves"), list(runs))
    scored = read_scored(Path("data/scores"), [*runs, *ensembles])
    baselines = read_baselines(Path("data/baselines"))
    summary = summarise(scored, baselines, params.reference, level=params.level)
    write_csv(metrics / "comparison.csv", Comparison._fields, summary.comparison)
    write_csv(metrics / "groups.csv", Standing._fields, summary.standings)
    write_csv(
        metrics / "paper.csv",
        PaperComparison._fields,
        compare_with_paper(summary.scores, {name: each.network for name, each in runs.items()}),
    )
    trained = training_results(Path(), runs, read_trainings(), baselines)
    warn(trained)
    write_csv(metrics / "trainings.csv", TrainingResult._fields, trained)
    write_csv(metrics / "curves.csv", CurvePoint._fields, curves)
    write_json(metrics / "scores.json", summary.scores)


if __name__ == "__main__":
    run(main)
