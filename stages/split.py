"""Divide the training frames into folds: which train, and which validate."""

import argparse
from pathlib import Path

from nerveseg.data.packed import TRAIN_TABLE, read_train
from nerveseg.data.parts import write_parts
from nerveseg.data.split import split
from nerveseg.errors import run
from nerveseg.params.section import read
from nerveseg.params.split import SplitParams


def main() -> None:
    """Write data/split.csv from data/packed/train.csv."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    params = read("split", SplitParams)
    records = read_train(Path("data/packed") / TRAIN_TABLE)
    write_parts(Path("data/split.csv"), split(records, **params.model_dump()))


if __name__ == "__main__":
    run(main)
