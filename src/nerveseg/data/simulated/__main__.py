"""Commands on the simulated competition: `python -m nerveseg.data.simulated sheet OUT.png`."""

import argparse
from pathlib import Path

from nerveseg.data.simulated.sheet import write_sheet
from nerveseg.errors import run


def main() -> None:
    """Parse the command line and write what it asks for."""
    parser = argparse.ArgumentParser(prog="python -m nerveseg.data.simulated", description=__doc__)
    commands = parser.add_subparsers(required=True)
    sheet = commands.add_parser("sheet", help="eight frames with their outlines, as one PNG")
    sheet.add_argument("out", type=Path, help="the PNG to write")
    sheet.add_argument("--seed", type=int, default=2016, help="seed of the competition")
    arguments = parser.parse_args()
    write_sheet(arguments.out, arguments.seed)


if __name__ == "__main__":
    run(main)
