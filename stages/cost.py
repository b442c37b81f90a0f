"""Measure the network of one run: parameters, multiply-adds, latency and training memory."""

import argparse
import json
from pathlib import Path

import torch

from nerveseg.atomic import whole_file
from nerveseg.device import pick_device
from nerveseg.errors import run, within
from nerveseg.models.build import build_empty
from nerveseg.models.complexity import latency, multiply_adds, on_meta, parameter_count, step_memory
from nerveseg.params.results import CostParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams, TrainParams


def main() -> None:
    """Write data/costs/RUN.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="a key of params.yaml's models")
    name = parser.parse_args().run
    side = read("cost", CostParams).side
    train = read("train", TrainParams)
    network, options = read("models", ModelsParams).run(name)
    channels, batch, size = train.channels, train.batch, (side, side)
    with within(f"models.{name}"):
        shapes, device = on_meta(network, channels, options), pick_device()
    image = torch.randn(1, channels, *size, device=device)
    cost = {
        "parameters": parameter_count(shapes),
        "gmacs": multiply_adds(shapes, channels, size) / 1e9,
        "latency_ms": 1e3 * latency(build_empty(network, channels, options).to(device), image),
        "training_gib": step_memory(shapes, channels, size, batch) / 2**30,
        "size": side,
        "batch": batch,
        "device": device.type,
        "threads": torch.get_num_threads(),
    }
    with whole_file(Path(f"data/costs/{name}.json")) as temporary:
        temporary.write_text(json.dumps(cost, indent=2) + "\n")


if __name__ == "__main__":
    run(main)
