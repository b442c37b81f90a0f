"""Climb from one network to the winning recipe, rung by rung: python -m benchmarks.ladder PLAN.

Each rung of a plan such as ladder_simulated.yaml, the default, adds parameters to those of the rung
before. The pipeline runs with them in a copy of the project, and the private score is compared with
that of the rung before and of the first one, frame by frame. What has been trained is not trained
again, so a ladder that was interrupted goes on where it stopped.
"""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Read the command line, fix what libraries read when they are loaded, and start."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ladder", description=__doc__)
    parser.add_argument("plan", type=Path, nargs="?", default=HERE / "ladder_simulated.yaml")
    parser.add_argument("--work", type=Path, default=Path("data/ladder"), help="where it computes")
    parser.add_argument(
        "--out", type=Path, default=HERE.parent / "results", help="table and figure"
    )
    options = parser.parse_args()
    os.environ.setdefault("NERVESEG_LOG_LEVEL", "WARNING")
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_DISABLE", "1")
    errors = import_module("nerveseg.errors")
    climb = import_module("benchmarks.ladder.climb").climb
    errors.run(lambda: climb(options.plan, options.work, options.out))


if __name__ == "__main__":
    main()
