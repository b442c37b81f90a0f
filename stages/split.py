"""Divide the training frames into folds, of which one validates and the others train."""

import argparse
from pathlib import Path

from nerveseg.data.audit import read_doubtful
from nerveseg.data.packed import TRAIN_TABLE, read_train
from nerveseg.data.split import split
from nerveseg.data.split_table import write_split
from nerveseg.errors import run
from nerveseg.params.data import SplitParams
from nerveseg.params.section import read


def main() -> None:
    """Write data/split.csv from data/packed/train.csv and data/audit.csv."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    params = read("split", SplitParams)
    records = read_train(Path("data/packed") / TRAIN_TABLE)
    doubtful = read_doubtful(Path("data/audit.csv")) if params.drop_contradictions else set()
    settings = params.model_dump(exclude={"drop_contradictions"})
    write_split(Path("data/split.csv"), split(records, **settings, doubtful=doubtful))


if __name__ == "__main__":
    run(main)
