"""All runs together: their scores, their learning curves, and how they compare."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.errors import InputError
from nerveseg.evaluation.baselines import Baselines
from nerveseg.evaluation.clustered import clustered_means
from nerveseg.evaluation.compare import Comparison, Standing, compare, standings
from nerveseg.evaluation.frame_scores import FRAME_METRICS
from nerveseg.evaluation.result_files import parse_float, read_csv, read_json

EPOCH: Final = "epoch"
# `dvc exp show` has a column for each of these, so the list is short.
IN_SUMMARY: Final = (
    *(name for name, metric in FRAME_METRICS.items() if metric.in_summary),
    "auc",
    "dice_nerve",
    "presence_precision",
    "presence_recall",
    "presence_f1",
    "public",
    "private",
)
"""Values of scores.json that go into metrics/scores.json; `dice`, its interval and `verdict` are
added."""


@dataclass(frozen=True)
class ScoredRuns:
    """The scores of K runs on the same N validation frames.

    Attributes:
        runs: K names, in the order of params.yaml.
        scores: run -> metric -> value.
        verdicts: run -> whether it is better than the baselines, see `nerveseg.verdicts`.
        subject: N, the subject of each frame.
        dice: N x K.
    """

    runs: list[str]
    scores: dict[str, dict[str, float]]
    verdicts: dict[str, str]
    subject: NDArray[np.int64]
    dice: NDArray[np.float64]


@dataclass(frozen=True)
class Summary:
    """The results that the stage `summary` writes; see docs/metrics.md.

    Attributes:
        scores: run -> metric -> value, and `verdict`; includes the baselines.
        comparison: every run except the reference, compared with it, and then the baselines.
        standings: every run, the best first.
    """

    scores: dict[str, dict[str, float | str]]
    comparison: list[Comparison]
    standings: list[Standing]


class CurvePoint(NamedTuple):
    """One value of one learning curve.

    Attributes:
        run: the run that was trained.
        epoch: from 0.
        metric: its name in the training log, train/loss for example.
        value: in the metric's own unit.
    """

    run: str
    epoch: int
    metric: str
    value: float


def read_scored(folder: Path, runs: Sequence[str]) -> ScoredRuns:
    """Read what the stage score wrote for `runs`; folders of other runs are ignored.

    Raises:
        InputError: a run has no scores, or was not scored on the same frames as the first run.
    """
    scores: dict[str, dict[str, float]] = {}
    verdicts: dict[str, str] = {}
    columns = []
    first: list[tuple[str, str]] = []
    for run in runs:
        stage = f"score@{run}"
        values = read_json(folder / run / "scores.json", stage)
        verdicts[run] = str(values.get("verdict", ""))
        scores[run] = {key: value for key, value in values.items() if isinstance(value, float)}
        path = folder / run / "frames.csv"
        rows = read_csv(path, ("subject", "img", "dice"), stage)
        keys = [(row["subject"], row["img"]) for row in rows]
        first = first or keys
        if keys != first:
            raise InputError(f"{path}: other frames than those of {runs[0]}; run dvc repro")
        columns.append([parse_float(row["dice"], path) for row in rows])
    subject = np.array([parse_float(key[0], path) for key in first], dtype=np.int64)
    return ScoredRuns(list(runs), scores, verdicts, subject, np.array(columns).T)


def summarise(scored: ScoredRuns, baselines: Baselines, reference: str, *, level: float) -> Summary:
    """Compare the runs and merge their scores.

    Args:
        scored: their scores.
        baselines: those of the baselines, on the same frames.
        reference: the run that every other run is compared with.
        level: confidence level of the intervals.

    Raises:
        InputError: `reference` is not among the runs.
    """
    runs = scored.runs
    if reference not in runs:
        raise InputError(
            f"params.yaml: summary.reference: '{reference}' is not in models "
            f"({', '.join(runs)}); name one of them, or add it to models"
        )
    means = clustered_means(scored.dice, scored.subject)
    rows = standings(runs, means, level)
    comparison = compare(runs, reference, scored.dice, scored.subject, means=means, level=level)
    with_baselines = _compare_baselines(scored, baselines, reference, level)
    merged: dict[str, dict[str, float | str]] = {
        run: values | {"verdict": scored.verdicts[run]}
        for run, values in _merged(scored, rows).items()
    }
    merged |= dict(_of_baselines(scored.subject, baselines, level))
    return Summary(merged, [*comparison, *with_baselines], rows)


def read_curves(folder: Path, runs: Sequence[str]) -> list[CurvePoint]:
    """Return the learning curves of `runs` as one long table, which one Vega template draws.

    Files of other runs, left over from an earlier params.yaml, are ignored.

    Raises:
        InputError: a run has no curves, or they are malformed.
    """
    return [
        point for run in runs for point in curves_of(folder / f"{run}.csv", run, f"train@{run}")
    ]


def curves_of(path: Path, run: str, stage: str) -> Iterator[CurvePoint]:
    """Yield the points of the learning curves of the training of `run` that is `stage` in DVC.

    An empty cell is no point: not every epoch is validated.

    Raises:
        InputError: the file is missing or malformed.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            rows = list(table)
        for metric in sorted({*(table.fieldnames or ())} - {EPOCH}):
            for row in rows:
                if row[metric] != "":
                    yield CurvePoint(run, int(row[EPOCH]), metric, float(row[metric]))
    except FileNotFoundError:
        raise InputError(f"{path}: no curves of {run}; run dvc repro {stage}") from None
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: not a table of curves ({error!r}); run dvc repro -f {stage}"
        ) from error


def _merged(scored: ScoredRuns, rows: Sequence[Standing]) -> dict[str, dict[str, float]]:
    """Return the scores of the runs, without undefined values."""
    standing = {row.run: row for row in rows}
    merged = {}
    for run in scored.runs:
        row, scores = standing[run], scored.scores[run]
        kept = {name: scores.get(name, np.nan) for name in IN_SUMMARY}
        merged[run] = {"dice": row.dice, "dice_low": row.low, "dice_high": row.high, **kept}
        merged[run] = _finite(merged[run])
    return merged


def _of_baselines(
    subject: NDArray[np.int64], baselines: Baselines, level: float
) -> Iterator[tuple[str, dict[str, float | str]]]:
    for name, dice in baselines.dice.items():
        low, high = clustered_means(dice[:, None], subject).interval(0, level)
        found = baselines.scores[name]
        kept = {key: found[key] for key in IN_SUMMARY if key in found}
        bounds = {"dice_low": max(low, 0.0), "dice_high": min(high, 1.0)}
        yield name, dict(_finite({"dice": found["dice"], **bounds, **kept}))


def _compare_baselines(
    scored: ScoredRuns, baselines: Baselines, reference: str, level: float
) -> list[Comparison]:
    """Compare the baselines with the reference; a correction of their own leaves the runs' alone.

    Raises:
        InputError: the baselines were scored on a different number of frames.
    """
    columns = [scored.dice[:, scored.runs.index(reference)], *baselines.dice.values()]
    if len({len(column) for column in columns}) > 1:
        raise InputError("data/baselines: other frames than those of the runs; run dvc repro")
    dice = np.stack(columns, axis=1)
    means = clustered_means(dice, scored.subject)
    names = [reference, *baselines.dice]
    return compare(names, reference, dice, scored.subject, means=means, level=level)


def _finite(scores: dict[str, float]) -> dict[str, float]:
    """Return the defined values, as DVC has no NaN."""
    return {name: value for name, value in scores.items() if not np.isnan(value)}
