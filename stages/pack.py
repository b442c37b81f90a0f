"""Decode and resize every frame of the archive once, into memory-mapped arrays."""

import argparse
from pathlib import Path

from nerveseg.data.archive import Competition
from nerveseg.data.packed_writer import write_packed
from nerveseg.errors import run
from nerveseg.params.data import PackParams
from nerveseg.params.section import read


def main() -> None:
    """Write data/packed from data/verified/competition.zip."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    params = read("pack", PackParams)
    with Competition(Path("data/verified/competition.zip")) as competition:
        write_packed(competition, Path("data/packed"), params.shape)


if __name__ == "__main__":
    run(main)
