"""Stage score: how good the masks of one run are, on the validation set and the leaderboard."""

import argparse
from pathlib import Path

from nerveseg.errors import run
from nerveseg.evaluation.frames import open_validation
from nerveseg.evaluation.leaderboard import leaderboard
from nerveseg.evaluation.measure import measure
from nerveseg.evaluation.score import write_scores
from nerveseg.params.results import ScoreParams
from nerveseg.params.section import read


def main() -> None:
    """Write data/scores/RUN."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="a key of params.yaml's models")
    name = parser.parse_args().run
    params = read("score", ScoreParams)
    data = Path("data")
    validation = open_validation(
        packed=data / "packed/train.csv",
        split=data / "split.csv",
        masks=data / "masks" / f"{name}.csv",
        maps=data / "predictions" / name / "valid.b2nd",
    )
    boards = leaderboard(Path("submissions") / f"{name}.csv", data / "verified/solution.csv")
    measured = measure(validation)
    write_scores(data / "scores" / name, validation.truths, measured, boards, params.bins)


if __name__ == "__main__":
    run(main)
