"""Predict the validation and test frames with one trained network, from several sides."""

import argparse
from pathlib import Path

from nerveseg.data.packed import Packed
from nerveseg.data.parts import read_parts, rows_of
from nerveseg.device import pick_device, working_dtype
from nerveseg.errors import run
from nerveseg.inference.predict import Predictor, write_maps
from nerveseg.inference.tta import VIEWS
from nerveseg.models.weights import load_weights
from nerveseg.params.predict import PredictParams
from nerveseg.params.section import read


def main() -> None:
    """Write data/predictions/NETWORK/valid.b2nd and test.b2nd."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network")
    name = parser.parse_args().network
    params = read("predict", PredictParams)
    packed = Packed.open(Path("data/packed"))
    network, description = load_weights(Path(f"data/models/{name}/weights.safetensors"))
    device = pick_device()
    predictor = Predictor(
        network,
        description.in_channels,
        VIEWS[params.tta],
        batch=params.batch,
        device=device,
        dtype=working_dtype(params.precision, device),
    )
    valid = packed.train_images[rows_of(read_parts(Path("data/split.csv")), "valid")]
    folder = Path(f"data/predictions/{name}")
    write_maps(predictor, valid, folder / "valid.b2nd")
    write_maps(predictor, packed.test_images, folder / "test.b2nd")


if __name__ == "__main__":
    run(main)
