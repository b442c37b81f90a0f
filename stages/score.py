"""Score the masks of one run on the validation frames and against the leaderboard's solution."""

from dataclasses import replace
from pathlib import Path

from nerveseg.errors import run
from nerveseg.evaluation.baselines import read_baselines
from nerveseg.evaluation.frame_scores import score_frames
from nerveseg.evaluation.run_scores import leaderboard_scores, write_scores
from nerveseg.evaluation.validation_set import open_validation
from nerveseg.evaluation.verdict import judge, warn
from nerveseg.inference.decision_file import read_decision
from nerveseg.inference.sweep import smoothed_validation
from nerveseg.params.results import ScoreParams, SummaryParams
from nerveseg.params.section import read
from nerveseg.run_arguments import parse_run


def main() -> None:
    """Write data/scores/RUN."""
    name, maps = parse_run(__doc__)
    params, level = read("score", ScoreParams), read("summary", SummaryParams).level
    data = Path("data")
    validation = open_validation(
        packed=data / "packed/train.csv",
        split=data / "split.csv",
        masks=data / "masks" / f"{name}.csv",
        maps=maps / "valid.b2nd",
    )
    # Probabilities are scored as the masks were made from them.
    sweep = read_decision(data / "decisions" / f"{name}.json").sweep
    validation = replace(validation, maps=smoothed_validation(validation.maps, sweep, data))
    submission = Path("submissions") / f"{name}.csv"
    boards = leaderboard_scores(submission, data / "verified/solution.csv")
    baselines = read_baselines(data / "baselines")
    frames, truths = score_frames(validation), validation.truths
    verdict = judge(frames, baselines, truths, level)
    folder, bins = data / "scores" / name, params.bins
    write_scores(folder, truths, frames, boards=boards, verdict=verdict, bins=bins)
    warn(name, verdict, baselines)


if __name__ == "__main__":
    run(main)
