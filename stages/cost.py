"""Measure the network of one run: parameters, multiply-adds, latency and training memory."""

import argparse
import json
from pathlib import Path

import torch

from nerveseg.atomic import whole_file
from nerveseg.data.sampler import LEAST
from nerveseg.device import pick_device
from nerveseg.errors import run, within
from nerveseg.models import complexity
from nerveseg.models.factory import build_empty
from nerveseg.models.latency import measure_latency
from nerveseg.params.results import CostParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams, TrainParams


def main() -> None:
    """Write data/costs/RUN.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="a key of params.yaml's models")
    name = parser.parse_args().run
    side, train = read("cost", CostParams).side, read("train", TrainParams)
    network, options = read("models", ModelsParams).run(name)
    channels, batch, size = train.channels, max(LEAST, train.batch), (side, side)
    with within(f"models.{name}"):
        shapes, device = complexity.on_meta(network, channels, options), pick_device()
    module, image = build_empty(network, channels, options), torch.randn(1, channels, *size)
    cost = {
        "parameters": complexity.parameter_count(shapes),
        "gmacs": complexity.multiply_adds(shapes, channels, size) / 1e9,
        **measure_latency(module.to(device), image.to(device))._asdict(),
        "training_gib": complexity.step_memory(shapes, channels, size, batch) / 2**30,
        **{"size": side, "batch": batch},
        **{"device": device.type, "threads": torch.get_num_threads()},
    }
    with whole_file(Path(f"data/costs/{name}.json")) as temporary:
        temporary.write_text(json.dumps(cost, indent=2) + "\n")


if __name__ == "__main__":
    run(main)
