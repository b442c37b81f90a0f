"""Check parameters, data and machine before long work; refuse data that DVC would delete."""

import argparse
from pathlib import Path

from nerveseg.atomic import whole_file
from nerveseg.errors import run
from nerveseg.preflight import check_everything


def main() -> None:
    """Write data/checked.txt, on which the stage download depends."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    check_everything(Path())
    with whole_file(Path("data/checked.txt")) as temporary:
        # Always the same text: a change from one valid value to another changes nothing here.
        temporary.write_text("params.yaml is valid\n")


if __name__ == "__main__":
    run(main)
