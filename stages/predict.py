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
    rows, folder = rows_of(split, "valid"), Path("data/predictions", name)
    images, test = packed.train_images[rows], packed.test_images

    def trained(training: str, fold: int) -> Trained:
        averaged = load_averaged(weights_of(name, training), chosen, params)
        source, engine = choose(averaged, params.engine, lambda: images, params.precision)
        print(f"engine: {engine}")
        return Trained(fold, source)

    networks = [trained(key, each.fold) for key, each in read_trainings().items()]
    folds = np.array([split[row].fold for row in rows])
    valid = validation_maps(networks, images, folds, params.batch)
    write_maps(valid, len(images), folder / "valid.b2nd")
    write_maps(test_maps(networks, test, params.batch), len(test), folder / "test.b2nd")


if __name__ == "__main__":
    run(main)
