"""Train one network by the protocol: python stages/train.py NETWORK."""

import logging
import os
import sys
from pathlib import Path

from nerveseg import errors
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams, TrainParams
from nerveseg.training.job import train_network


def main() -> None:
    """Train the network named on the command line."""
    logging.basicConfig(level=os.environ.get("NERVESEG_LOG_LEVEL", "INFO"), format="%(message)s")
    if len(sys.argv) != 2:  # noqa: PLR2004
        raise errors.InputError(
            "usage: python stages/train.py NETWORK (one of params.yaml's models)"
        )
    network = sys.argv[1]
    train_network(
        network,
        read("models", ModelsParams).options(network),
        read("train", TrainParams),
        packed=Path("data/packed"),
        split=Path("data/split.csv"),
        weights=Path(f"data/models/{network}/weights.safetensors"),
        curves=Path(f"data/curves/{network}.csv"),
    )


if __name__ == "__main__":
    errors.run(main)
