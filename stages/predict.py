"""Predict the validation and test frames with the weights of one run and test-time augmentation."""

import argparse
from pathlib import Path

import numpy as np

from nerveseg.data.packed import Packed
from nerveseg.data.split_table import read_split, rows_of
from nerveseg.engines.trainings import open_trainings
from nerveseg.environment import write_environments
from nerveseg.errors import run
from nerveseg.inference.predict import write_maps
from nerveseg.inference.predict_trainings import test_maps, validation_maps
from nerveseg.params.predict import PredictParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams
from nerveseg.params.trainings import read_trainings


def main() -> None:
    """Write valid.b2nd and test.b2nd in data/predictions/RUN, and data/environments/RUN.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="a key of params.yaml's models")
    name = parser.parse_args().run
    chosen, params = read("models", ModelsParams).run(name), read("predict", PredictParams)
    packed, split = Packed.open(Path("data/packed")), read_split(Path("data/split.csv"))
    rows, folder = rows_of(split, "valid"), Path("data/predictions", name)
    images, test = packed.train_images[rows], packed.test_images

    opened = open_trainings(name, chosen, read_trainings(), params, lambda: images)
    write_environments(Path(), name, opened.environments)
    folds = np.array([split[row].fold for row in rows])
    valid = validation_maps(opened.networks, images, folds, params.batch)
    write_maps(valid, len(images), folder / "valid.b2nd")
    write_maps(test_maps(opened.networks, test, params.batch), len(test), folder / "test.b2nd")


if __name__ == "__main__":
    run(main)
