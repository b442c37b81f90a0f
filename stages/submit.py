"""Submit chosen CSVs to Kaggle and record their scores (the stage of leaderboard/dvc.yaml)."""

import argparse

from nerveseg.errors import run
from nerveseg.leaderboard.publish import ledger_path, publish
from nerveseg.params.data import DataParams
from nerveseg.params.results import LeaderboardParams
from nerveseg.params.section import read


def main() -> None:
    """Write metrics/leaderboard.json; keep what was sent in leaderboard/submissions.json."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    publish(read("data", DataParams), read("leaderboard", LeaderboardParams), ledger_path())


if __name__ == "__main__":
    run(main)
