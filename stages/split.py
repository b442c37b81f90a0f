"""Divide the training frames into folds, and say which frames validate a training."""

import argparse
from pathlib import Path

from nerveseg.data.audit import read_doubtful
from nerveseg.data.fold_table import write_folds
from nerveseg.data.packed import TRAIN_TABLE, read_train
from nerveseg.data.split import assign_folds, subsets
from nerveseg.data.split_table import write_split
from nerveseg.errors import run
from nerveseg.params.data import SplitParams
from nerveseg.params.section import read
from nerveseg.params.trainings import TrainingsParams


def main() -> None:
    """Write data/folds.csv and data/split.csv from data/packed/train.csv and data/audit.csv."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    params = read("split", SplitParams)
    records = read_train(Path("data/packed") / TRAIN_TABLE)
    doubtful = read_doubtful(Path("data/audit.csv")) if params.drop_contradictions else set()
    folds = assign_folds(records, params.protocol, params.folds, params.seed, doubtful=doubtful)
    write_folds(Path("data/folds.csv"), folds)
    validated = read("trainings", TrainingsParams).folds(params.fold)
    write_split(Path("data/split.csv"), subsets(folds, validated))


if __name__ == "__main__":
    run(main)
