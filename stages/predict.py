"""Predict the validation and test frames with the weights of one run and test-time augmentation."""

import argparse
from pathlib import Path

from nerveseg.data.packed import Packed
from nerveseg.data.split_table import read_split, rows_of
from nerveseg.engines.choice import Averaged, choose
from nerveseg.errors import run, within
from nerveseg.inference.predict import write_maps
from nerveseg.inference.tta import choose_views
from nerveseg.models.weights import check_network, load_weights
from nerveseg.params.predict import PredictParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams


def main() -> None:
    """Write data/predictions/RUN/valid.b2nd and test.b2nd."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="a key of params.yaml's models")
    name = parser.parse_args().run
    params = read("predict", PredictParams)
    packed = Packed.open(Path("data/packed"))
    weights = Path(f"data/models/{name}/weights.safetensors")
    network, description = load_weights(weights)
    check_network(weights, description, *read("models", ModelsParams).run(name))
    with within("predict.tta"):
        views = choose_views(params.tta, description)
    averaged = Averaged(network, description, views, params.tta_weights)
    valid = packed.train_images[rows_of(read_split(Path("data/split.csv")), "valid")]
    source, engine = choose(averaged, params.engine, lambda: valid, params.precision)
    print(f"engine: {engine}")
    folder = Path(f"data/predictions/{name}")
    write_maps(source, valid, folder / "valid.b2nd", params.batch)
    write_maps(source, packed.test_images, folder / "test.b2nd", params.batch)


if __name__ == "__main__":
    run(main)
