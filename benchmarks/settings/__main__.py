"""Compare settings as the report compares networks: setting x run x data set x seed.

python -m benchmarks.settings [PLAN] trains, predicts, encodes and scores every combination of a
plan such as benchmarks/settings.yaml by the stages of the pipeline, and compares the settings on
the same frames. Run it again to continue where it stopped.
"""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parents[1]


def main() -> None:
    """Read the command line, fix what libraries read when they are loaded, and start."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.settings", description=__doc__)
    parser.add_argument("plan", type=Path, nargs="?", default=HERE / "settings.yaml")
    parser.add_argument("--work", type=Path, default=Path("data/settings"), help="kept stages")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="tables and figure")
    parser.add_argument("--threads", type=int, default=1, help="threads; results depend on them")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="combinations at a time")
    options = parser.parse_args()
    if options.jobs < 1:
        parser.error(f"argument -j/--jobs: at least 1, not {options.jobs}")
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")  # as dvc.yaml, which says why
    os.environ.setdefault("NERVESEG_LOG_LEVEL", "WARNING")
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_DISABLE", "1")
    errors = import_module("nerveseg.errors")
    comparison = import_module("benchmarks.settings.comparison")
    given = (options.plan, options.work, options.out, options.threads, options.jobs)
    errors.run(lambda: comparison.run(*given))


if __name__ == "__main__":
    main()
