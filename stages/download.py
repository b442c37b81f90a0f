"""Fetch, copy or simulate the competition's archive."""

import argparse
from pathlib import Path

from nerveseg.data.sources import obtain
from nerveseg.errors import run
from nerveseg.params.data import DataParams
from nerveseg.params.section import read


def main() -> None:
    """Write the archive, its solution and its unlabelled nerves to data/verified."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    params = read("data", DataParams)
    obtain(params, Path("data/verified"))


if __name__ == "__main__":
    run(main)
