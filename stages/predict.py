"""Predict the validation and test frames with the weights of one run and test-time augmentation."""

import argparse
from pathlib import Path

import numpy as np

from nerveseg.data.packed import Packed
from nerveseg.data.split_table import read_split, rows_of
from nerveseg.engines.choice import choose
from nerveseg.errors import run
from nerveseg.inference.averaged import load_averaged
from nerveseg.inference.predict import write_maps
from nerveseg.inference.predict_trainings import Trained, test_maps, validation_maps
from nerveseg.params.predict import PredictParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams
from nerveseg.params.trainings import read_trainings, weights_of


def main() -> None:
    """Write data/predictions/RUN/valid.b2nd and test.b2nd."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="a key of params.yaml's models")
    name = parser.parse_args().run
    chosen, params = read("models", ModelsParams).run(name), read("predict", PredictParams)
    packed, split = Packed.open(Path("data/packed")), read_split(Path("data/split.csv"))
    rows, folder, trained = rows_of(split, "valid"), Path("data/predictions", name), []
    images = packed.train_images[rows]
    for key, each in read_trainings().items():
        averaged = load_averaged(weights_of(name, key), chosen, params)
        source, engine = choose(averaged, params.engine, lambda: images, params.precision)
        print(f"engine: {engine}")
        trained.append(Trained(each.fold, source))
    folds = np.array([split[row].fold for row in rows])
    valid = validation_maps(trained, images, folds, params.batch)
    write_maps(valid, len(images), folder / "valid.b2nd")
    test = test_maps(trained, packed.test_images, params.batch)
    write_maps(test, len(packed.test_images), folder / "test.b2nd")


if __name__ == "__main__":
    run(main)
