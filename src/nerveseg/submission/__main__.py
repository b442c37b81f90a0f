"""Look at submissions: `python -m nerveseg.submission check|score|agree`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nerveseg.errors import InputError, run
from nerveseg.submission.check import COMPETITION_COUNT, check
from nerveseg.submission.score import agree, read_solution, score
from nerveseg.submission.submission_csv import read_ids

PIPELINE_IDS = Path("data/packed/test.csv")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one of the three commands; `arguments` are those of the command line by default."""
    options = _parser().parse_args(arguments)
    options.command(options)


def _check(options: argparse.Namespace) -> None:
    masks = check(options.file, _expected(options))
    outlined = sum(pixels != "" for pixels in masks.values())
    print(f"{options.file}: fine; {len(masks)} rows, {outlined} with a mask")


def _score(options: argparse.Namespace) -> None:
    for name, value in score(options.file, options.solution).items():
        print(f"{name:8}{value:.5f}")
    try:
        check(options.file, list(read_solution(options.solution)))
    except InputError as slip:
        print(f"warning: {slip}", file=sys.stderr)


def _agree(options: argparse.Namespace) -> None:
    print(f"{agree(options.file, options.other):.5f}")


def _expected(options: argparse.Namespace) -> Sequence[int]:
    if options.sample:
        return read_ids(options.sample)
    if options.count is not None:
        if options.count < 1:
            raise InputError(f"--count {options.count}: give the number of test images")
        return range(1, options.count + 1)
    # Whatever the pipeline here was run on; a submission from elsewhere is to Kaggle's set.
    return read_ids(PIPELINE_IDS) if PIPELINE_IDS.exists() else range(1, COMPETITION_COUNT + 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nerveseg.submission", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="check|score|agree")
    one = commands.add_parser("check", help="name the first bad row and why it is bad")
    one.add_argument("file", type=Path)
    ids = one.add_mutually_exclusive_group()
    ids.add_argument("--sample", type=Path, help="a sample submission: its ids are expected")
    ids.add_argument(
        "--count",
        type=int,
        help="ids 1 to COUNT are expected (default: those of data/packed/test.csv where the "
        f"pipeline has made it, else {COMPETITION_COUNT})",
    )
    one.set_defaults(command=_check)
    two = commands.add_parser("score", help="mean Dice against a solution")
    two.add_argument("file", type=Path)
    two.add_argument("solution", type=Path, help="img,pixels,Usage")
    two.set_defaults(command=_score)
    three = commands.add_parser("agree", help="mean Dice between two submissions")
    three.add_argument("file", type=Path)
    three.add_argument("other", type=Path)
    three.set_defaults(command=_agree)
    return parser


if __name__ == "__main__":
    run(main)
