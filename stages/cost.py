"""Measure what one network costs: parameters, multiply-adds, latency, memory of training."""

import argparse
import json
from pathlib import Path

import torch

from nerveseg.device import pick_device
from nerveseg.errors import run
from nerveseg.files import whole_file
from nerveseg.models.build import build_empty
from nerveseg.models.cost import latency, multiply_adds, on_meta, parameter_count, step_memory
from nerveseg.params.cost import CostParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams, TrainParams


def main() -> None:
    """Write data/costs/NETWORK.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network")
    network = parser.parse_args().network
    side = read("cost", CostParams).side
    train = read("train", TrainParams)
    options = read("models", ModelsParams).options(network)
    channels, batch, size = train.channels, train.batch, (side, side)
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
    with whole_file(Path(f"data/costs/{network}.json")) as temporary:
        temporary.write_text(json.dumps(cost, indent=2) + "\n")


if __name__ == "__main__":
    run(main)
