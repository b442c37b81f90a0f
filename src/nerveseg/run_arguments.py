"""The command line of the stages that treat ensembles like runs."""

import argparse
from pathlib import Path
from typing import NamedTuple

PREDICTIONS = Path("data/predictions")


class RunArguments(NamedTuple):
    """Which run, or which ensemble.

    Attributes:
        name: a key of `models` or of `ensembles`.
        maps: the folder of its prediction maps, valid.b2nd and test.b2nd.
    """

    name: str
    maps: Path


def parse_run(description: str | None) -> RunArguments:
    """Return what the command line says.

    Args:
        description: what the stage does, for its help.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("run", help="a key of models, or of ensembles, in params.yaml")
    parser.add_argument(
        "--maps", type=Path, default=PREDICTIONS, help="the folder of the maps of all runs"
    )
    given = parser.parse_args()
    return RunArguments(given.run, given.maps / given.run)
