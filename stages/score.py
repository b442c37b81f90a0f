"""Score the masks of one run on the validation frames and against the leaderboard's solution."""

import argparse
from pathlib import Path

from nerveseg.errors import run
from nerveseg.evaluation.frame_scores import score_frames
from nerveseg.evaluation.run_scores import leaderboard_scores, write_scores
from nerveseg.evaluation.validation_set import open_validation
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
    submission = Path("submissions") / f"{name}.csv"
    boards = leaderboard_scores(submission, data / "verified/solution.csv")
    frames = score_frames(validation)
    write_scores(data / "scores" / name, validation.truths, frames, boards, params.bins)


if __name__ == "__main__":
    run(main)
