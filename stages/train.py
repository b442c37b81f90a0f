"""Train one run by the paper's protocol: python stages/train.py RUN."""

import sys
from pathlib import Path

from nerveseg import errors
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams, TrainParams
from nerveseg.training.job import train_network
from nerveseg.training.progress import start_log


def main() -> None:
    """Train the run named on the command line."""
    start_log()
    if len(sys.argv) != 2:  # noqa: PLR2004
        raise errors.InputError("usage: python stages/train.py RUN (a key of params.yaml's models)")
    name = sys.argv[1]
    chosen = read("models", ModelsParams).run(name)
    train_network(
        chosen.network,
        chosen.options,
        read("train", TrainParams),
        name=name,
        packed=Path("data/packed"),
        split=Path("data/split.csv"),
        code=Path(f"data/.code/{name}/train.json"),
        weights=Path(f"data/models/{name}/weights.safetensors"),
        curves=Path(f"data/curves/{name}.csv"),
    )


if __name__ == "__main__":
    errors.run(main)
