"""Train one run on one of the folds and from one of the seeds."""

import argparse
from pathlib import Path

from nerveseg import errors
from nerveseg.params.data import SplitParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams, TrainParams
from nerveseg.params.trainings import FIRST, curves_of, read_trainings, weights_of
from nerveseg.training.job import TrainingFiles, train_network
from nerveseg.training.progress import start_log


def main() -> None:
    """Write data/models/RUN/weights.safetensors and data/curves/RUN.csv, or those of TRAINING."""
    start_log()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="a key of params.yaml's models")
    parser.add_argument("training", nargs="?", default=FIRST, help="a key of its trainings")
    given = parser.parse_args()
    chosen = read("models", ModelsParams).run(given.run)
    params, fold = read("train", TrainParams), read("split", SplitParams).fold
    if given.training != FIRST:
        fold, seed = read_trainings()[given.training]
        params = params.model_copy(update={"seed": seed})
    train_network(
        chosen.network,
        chosen.options,
        params,
        name=given.run,
        label=given.run if given.training == FIRST else f"{given.run} {given.training}",
        fold=fold,
        files=TrainingFiles(
            packed=Path("data/packed"),
            folds=Path("data/folds.csv"),
            code=Path(f"data/.code/{given.run}/train.json"),
            weights=weights_of(given.run, given.training),
            curves=curves_of(given.run, given.training),
        ),
    )


if __name__ == "__main__":
    errors.run(main)
