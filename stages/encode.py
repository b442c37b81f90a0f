"""Turn a network's prediction maps into masks: the submission, and those to be scored."""

import argparse
from pathlib import Path

from nerveseg.data.packed import TEST_TABLE, read_test
from nerveseg.data.parts import read_parts
from nerveseg.errors import run
from nerveseg.inference.encode import encode_test, encode_valid
from nerveseg.params.encode import EncodeParams
from nerveseg.params.section import read


def main() -> None:
    """Write submissions/NETWORK.csv and data/masks/NETWORK.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network")
    network = parser.parse_args().network
    rules = read("encode", EncodeParams).model_dump()
    maps = Path("data/predictions") / network
    places = read_parts(Path("data/split.csv"))
    encode_valid(maps / "valid.b2nd", places, Path(f"data/masks/{network}.csv"), **rules)
    numbers = read_test(Path("data/packed") / TEST_TABLE)
    encode_test(maps / "test.b2nd", numbers, Path(f"submissions/{network}.csv"), **rules)


if __name__ == "__main__":
    run(main)
