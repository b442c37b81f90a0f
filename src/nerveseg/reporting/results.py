"""Everything the charts and tables show, as the earlier stages wrote it."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from nerveseg.data.packed import read_train
from nerveseg.errors import InputError
from nerveseg.json_reader import parse_json
from nerveseg.params.results import SummaryParams
from nerveseg.params.section import PARAMS_FILE, read
from nerveseg.params.train import ALL_EMPTY, BASELINES, CONSTANT_MASK

Figures = dict[str, dict[str, Any]]
BASELINE_TITLES: Final = {ALL_EMPTY: "All-empty submission", CONSTANT_MASK: "Best constant mask"}
BOARDS: Final = ("public", "private")


@dataclass(frozen=True)
class Results:
    """The results of all runs in params.yaml.

    Attributes:
        runs: names of the runs, in the order of params.yaml.
        titles: run -> its title in tables and charts.
        reference: the run that all others are compared with.
        scores: run or baseline -> measure -> value, as in metrics/scores.json.
        frames: one row per run and validation frame: run, id (subject_img), the columns of
            frames.csv, pixels (the predicted run lengths) and truth (the annotated ones).
        comparison: one row per run other than the reference, and per baseline, comparing the two.
        standings: one row per run, best first, saying whether it is distinguishable from the
            best.
        paper: one row per value in the paper's tables and run of that network.
        curves: one row per run, epoch and metric, with its value.
        trainings: one row per training of a run: run, training, fold, seed, dice, baseline.
        calibration: one row per run and bin of predicted probability.
        presence: one row per run and threshold of the presence score.
        decisions: run -> its file data/decisions/RUN.json, the rule that its masks are made by.
        costs: run -> parameters, gmacs, latency_ms and so on; empty if nothing was measured.
        leaderboard: run -> Kaggle's scores and status; empty if nothing was submitted.
        baseline_frames: one row per validation frame: subject, img, and the Dice of each baseline.
        training: number of training frames, `frames`, and of those with a nerve, `nerves`.
        level: confidence level of the intervals, in 0..1.
    """

    runs: list[str]
    titles: dict[str, str]
    reference: str
    scores: Figures
    frames: pd.DataFrame
    comparison: pd.DataFrame
    standings: pd.DataFrame
    paper: pd.DataFrame
    curves: pd.DataFrame
    trainings: pd.DataFrame
    calibration: pd.DataFrame
    presence: pd.DataFrame
    decisions: Figures
    costs: Figures
    leaderboard: Figures
    baseline_frames: pd.DataFrame
    training: dict[str, int]
    level: float

    def title(self, run: str) -> str:
        """Return the title of a run or baseline, or its name if it has none."""
        return self.titles.get(run) or BASELINE_TITLES.get(run, run)

    def score(self, run: str, measure: str) -> float:
        """Return a value from metrics/scores.json; NaN if it is missing or null."""
        value = self.scores.get(run, {}).get(measure)
        return math.nan if value is None else float(value)

    def verdict(self, run: str) -> str:
        """Return whether the run beats the baselines; see `nerveseg.verdicts`."""
        return str(self.scores[run]["verdict"])

    @property
    def better_baseline(self) -> str:
        """The baseline with the higher mean validation Dice."""
        return max(BASELINES, key=lambda name: self.score(name, "dice"))

    @property
    def has_test_scores(self) -> bool:
        """Whether test masks are known, so that there are public or private scores."""
        return any(math.isfinite(self.score(BASELINES[0], board)) for board in BOARDS)

    @property
    def rows_of_reference(self) -> pd.DataFrame:
        """The rows of `frames` of the reference: one per validation frame."""
        return self.frames[self.frames["run"] == self.reference]

    def baseline_rows(self, name: str) -> pd.DataFrame:
        """Return one row per validation frame, as in `frames`, with the Dice of a baseline."""
        dice = self.baseline_frames.set_index(["subject", "img"])[name]
        rows = self.rows_of_reference
        keys = pd.MultiIndex.from_frame(rows[["subject", "img"]])
        return rows.assign(run=name, dice=dice.reindex(keys).to_numpy())

    def dice_interval(self, run: str) -> tuple[float, float]:
        """Return the interval of the mean validation Dice; NaN with too few subjects."""
        return self.score(run, "dice_low"), self.score(run, "dice_high")

    @property
    def has_intervals(self) -> bool:
        """Whether there are enough validation subjects for intervals and tests, of any run."""
        return math.isfinite(self.dice_interval(self.reference)[0])

    @property
    def has_several_trainings(self) -> bool:
        """Whether a run consists of several trainings."""
        return bool(self.trainings["training"].nunique() > 1)

    @property
    def percent(self) -> str:
        """The confidence level of the intervals, such as '95%'."""
        return f"{100 * self.level:.10g}%"

    def with_interval(self, label: str) -> str:
        """Return the label of an axis or legend, which mentions intervals if there are any."""
        return f"{label}, {self.percent} interval" if self.has_intervals else label


def load_results(root: Path, titles: dict[str, str], reference: str) -> Results:
    """Read the results of all runs.

    Args:
        root: the folder that holds params.yaml, data/ and metrics/.
        titles: run -> its title, in display order.
        reference: the run that all others are compared with.

    Raises:
        InputError: a file is missing or malformed.
    """
    runs = list(titles)
    scores, metrics = root / "data/scores", root / "metrics"
    baselines = _json(root / "data/baselines/scores.json", "baselines")
    return Results(
        runs=runs,
        titles=titles,
        reference=reference,
        scores=_scores(root, runs, baselines),
        frames=_frames(root, runs),
        comparison=_csv(metrics / "comparison.csv", "summary"),
        standings=_csv(metrics / "groups.csv", "summary"),
        paper=_csv(metrics / "paper.csv", "summary"),
        curves=_csv(metrics / "curves.csv", "summary"),
        trainings=_csv(metrics / "trainings.csv", "summary"),
        calibration=_stacked(scores, runs, "calibration.csv"),
        presence=_stacked(scores, runs, "presence.csv"),
        decisions={run: _json(root / f"data/decisions/{run}.json", "decide") for run in runs},
        costs=_costs(root / "data/costs", runs),
        leaderboard=_leaderboard(metrics / "leaderboard.json"),
        baseline_frames=_csv(root / "data/baselines/frames.csv", "baselines"),
        training=baselines["training"],
        level=read("summary", SummaryParams, root / PARAMS_FILE).level,
    )


def _frames(root: Path, runs: list[str]) -> pd.DataFrame:
    """Return the scores of all frames together with the masks that were scored."""
    truth = {record[:2]: record.pixels for record in read_train(root / "data/packed/train.csv")}
    frames = _stacked(root / "data/scores", runs, "frames.csv")
    masks = {
        (run, *record[:2]): record.pixels
        for run in runs
        for record in read_train(root / "data/masks" / f"{run}.csv")
    }
    keys = list(zip(frames["run"], frames["subject"], frames["img"], strict=True))
    if absent := [key for key in keys if key not in masks or key[1:] not in truth]:
        run, subject, img = absent[0]
        raise InputError(
            f"data/masks/{run}.csv: subject {subject} img {img} was scored but has no mask; "
            "run dvc repro score"
        )
    return frames.assign(
        id=[f"{subject}_{img}" for _, subject, img in keys],
        pixels=[masks[key] for key in keys],
        truth=[truth[key[1:]] for key in keys],
    )


def _scores(root: Path, runs: list[str], baselines: Figures) -> Figures:
    """Return the scores of runs and baselines, with the intervals from the merged file."""
    merged = _json(root / "metrics/scores.json", "summary")
    own = {run: _json(root / "data/scores" / run / "scores.json", "score") for run in runs}
    own |= {name: baselines[name] for name in BASELINES}
    return {name: scores | merged.get(name, {}) for name, scores in own.items()}


def _costs(folder: Path, runs: list[str]) -> Figures:
    paths = {run: folder / f"{run}.json" for run in runs}
    return {run: _json(path, f"cost@{run}") for run, path in paths.items() if path.exists()}


def _stacked(folder: Path, runs: list[str], name: str) -> pd.DataFrame:
    tables = [_csv(folder / run / name, "score").assign(run=run) for run in runs]
    return pd.concat(tables, ignore_index=True)


def _csv(path: Path, stage: str) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable ({error}); run dvc repro {stage}") from error


def _json(path: Path, stage: str) -> Figures:
    try:
        found: Figures = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable ({error}); run dvc repro {stage}") from error
    return found


def _leaderboard(path: Path) -> Figures:
    # The file exists only after a submission.
    return _json(path, "leaderboard/dvc.yaml") if path.exists() else {}
