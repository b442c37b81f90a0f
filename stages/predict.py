"""Predict the validation and test frames with the weights of one run and test-time augmentation."""

import argparse
from pathlib import Path

from nerveseg.data.packed import Packed
from nerveseg.data.split_table import read_split, rows_of
from nerveseg.device import pick_device, working_dtype
from nerveseg.errors import run, within
from nerveseg.inference.predict import Predictor, write_maps
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
    packed, device = Packed.open(Path("data/packed")), pick_device()
    weights = Path(f"data/models/{name}/weights.safetensors")
    network, description = load_weights(weights)
    check_network(weights, description, *read("models", ModelsParams).run(name))
    with within("predict.tta"):
        views = choose_views(params.tta, description)
    predictor = Predictor(
        network,
        description.in_channels,
        views,
        weights=params.tta_weights,
        batch=params.batch,
        device=device,
        dtype=working_dtype(params.precision, device),
    )
    valid = packed.train_images[rows_of(read_split(Path("data/split.csv")), "valid")]
    write_maps(predictor, valid, Path(f"data/predictions/{name}/valid.b2nd"))
    write_maps(predictor, packed.test_images, Path(f"data/predictions/{name}/test.b2nd"))


if __name__ == "__main__":
    run(main)
