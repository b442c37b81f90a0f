"""Submit chosen CSVs to Kaggle and record their scores (the stage of leaderboard/dvc.yaml)."""

import argparse
import os
from pathlib import Path

from nerveseg.errors import run
from nerveseg.leaderboard.publish import publish
from nerveseg.params.data import DataParams
from nerveseg.params.results import LeaderboardParams
from nerveseg.params.section import PARAMS_FILE, read


def main() -> None:
    """Write metrics/leaderboard.json; keep what was sent in leaderboard/submissions.json."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    # An experiment runs in a copy that DVC throws away; what was sent is kept in the original.
    ledger = Path(os.environ.get("DVC_ROOT", "."), "leaderboard/submissions.json")
    publish(read("data", DataParams), read("leaderboard", LeaderboardParams), PARAMS_FILE, ledger)


if __name__ == "__main__":
    run(main)
