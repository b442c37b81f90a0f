"""Score the two baselines of every run: the all-empty submission and the best constant mask."""

import argparse
from pathlib import Path

from nerveseg.errors import run
from nerveseg.evaluation.baselines import write_baselines


def main() -> None:
    """Write data/baselines from the packed training masks, the split and the solution."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    data = Path("data")
    write_baselines(
        data / "baselines",
        packed=data / "packed/train.csv",
        split=data / "split.csv",
        solution=data / "verified/solution.csv",
    )


if __name__ == "__main__":
    run(main)
