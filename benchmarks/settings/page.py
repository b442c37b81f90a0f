"""The results of a comparison as a Markdown page, JSON and a figure."""

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.machine import describe
from benchmarks.settings.differences import Difference, differences_of, runs_compared
from benchmarks.settings.figure import draw
from benchmarks.settings.plan import PLAIN, Name, Plan
from benchmarks.settings.scores import Mean, Scored, cells_of, means_of

from nerveseg.atomic import whole_file
from nerveseg.environment import LIMITS

MEANS: Final = (
    "| data set | run | setting | seeds | Dice | SD over seeds | baseline | collapsed "
    "| Dice, nerve | public | private | SD over seeds | training, s |\n"
    "|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
)
DIFFERENCES: Final = (
    "| data set | run | setting | Dice | 95% interval | by seed | p | | Dice, nerve | 95% interval "
    "| private | by seed | time |\n|---|---|---|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|\n"
)
EXPLANATION: Final = (
    "Dice is the competition's mean Dice over the validation frames of all folds, without a nerve "
    "or with one. *baseline* is that of the better of an empty and the best constant mask on the "
    "same frames, and *collapsed* counts the trainings that outline nothing or everything. "
    "Differences are paired: the same frames and seeds, seeds averaged within each frame. "
    "Intervals and p-values are over subjects, or groups of frames taken for subjects, p with "
    "Holm's correction for the number of settings or runs compared; they say nothing of other "
    "seeds, which the columns *by seed* show. *time* is the ratio of the seconds of training.\n"
)


class Table(NamedTuple):
    """One table of differences.

    Attributes:
        title: says what is compared with what.
        rows: its rows.
        figure: name of the figure that shows them, if there is one.
    """

    title: str
    rows: list[Difference]
    figure: str | None


def write_results(
    out: Path, name: str, plan: Plan, scored: Sequence[Scored], failed: Mapping[Name, str]
) -> None:
    """Write NAME.md, NAME.json, NAME.svg and NAME_runs.svg to the folder `out`.

    Args:
        out: the folder.
        name: name of the files.
        plan: the comparison.
        scored: the combinations that have been scored.
        failed: those that failed, and why.
    """
    cells = cells_of(scored, plan.document.folds)
    means = means_of(cells)
    differences = differences_of(cells, list(plan.document.settings))
    between_runs = runs_compared(cells, list(plan.document.runs), plan.reference)
    about = describe(f"python -m benchmarks.settings {' '.join(sys.argv[1:])}".strip())
    record = {
        **about,
        "plan": plan.document.model_dump(),
        "combinations": [_combination(each) for each in scored],
        "failed": [{**each._asdict(), "error": error} for each, error in failed.items()],
        "means": [each._asdict() for each in means],
        "differences": [each._asdict() for each in differences],
        "runs": [each._asdict() for each in between_runs],
    }
    with whole_file(out / f"{name}.json") as new:
        new.write_text(json.dumps(without_nan(record), indent=1) + "\n")
    first = next(iter(plan.document.runs))
    settings = [row for row in differences if row.reference != PLAIN]
    plain = [row for row in differences if row.reference == PLAIN]
    tables = [
        Table(f"Against {plan.reference}", settings, f"{name}.svg"),
        Table(f"Against {PLAIN}", plain, None),
        Table(f"Runs against {first}", between_runs, f"{name}_runs.svg"),
    ]
    tables = [table for table in tables if table.rows]
    count = sum(len(row.seeds) for row in means) * len(plan.document.folds)
    state = f"{count} of {len(plan.combinations)} combinations have been scored."
    with whole_file(out / f"{name}.md") as new:
        head = f"# {name}\n\n{state} {EXPLANATION}\n{_origin(about)}"
        new.write_text(head + _page(means, tables, failed))
    for table in tables:
        if table.figure:
            with whole_file(out / table.figure) as new:
                new.write_text(draw(table.rows))


def _origin(about: Mapping[str, Any]) -> str:
    machine, torch = about["machine"], about["versions"]["torch"]
    named = ("instructions", "device", "threads", *LIMITS)
    facts = ", ".join(f"{name} {machine[name]}" for name in named if name in machine)
    return f"`{about['command']}` on {machine['processor']}: {facts}, torch {torch}.\n"


def _page(means: Sequence[Mean], tables: Sequence[Table], failed: Mapping[Name, str]) -> str:
    parts = ["\n## Scores\n\n", MEANS, *map(_mean, means)]
    for table in tables:
        parts += [f"\n## {table.title}\n\n", DIFFERENCES, *map(_difference, table.rows)]
        if table.figure:
            parts.append(f"\n![{table.title}]({table.figure})\n")
    if failed:
        parts.append("\n## Failed\n\n")
        parts += [f"- {each}: {error}\n" for each, error in failed.items()]
    return "".join(parts)


def _mean(row: Mean) -> str:
    seeds = len(row.seeds)
    means = (row.dice, row.dice_seeds, row.baseline)
    others = (row.dice_nerve, row.public, row.private, row.private_seeds)
    shown = [row.dataset, row.run, row.setting, str(seeds), *map(score, means)]
    return _row([*shown, str(row.collapsed), *map(score, others), f"{row.seconds:.0f}"])


def _difference(row: Difference) -> str:
    return _row(
        [
            row.dataset,
            row.run,
            row.setting,
            signed(row.dice),
            f"{signed(row.low)} .. {signed(row.high)}",
            " ".join(map(signed, row.by_seed)),
            score(row.p),
            row.verdict,
            signed(row.dice_nerve),
            f"{signed(row.nerve_low)} .. {signed(row.nerve_high)}",
            signed(row.private),
            " ".join(map(signed, row.private_by_seed)),
            f"{row.seconds_ratio:.2f}",
        ]
    )


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"


def score(value: float) -> str:
    """Return a score to three digits; NaN is an empty text."""
    return "" if math.isnan(value) else f"{value:.3f}"


def signed(value: float) -> str:
    """Return a difference to three digits, with its sign; NaN is a question mark."""
    return "?" if math.isnan(value) else f"{value:+z.3f}"


def _combination(each: Scored) -> dict[str, object]:
    dice = [value for value, _ in each.frames.values()]
    nerve = [value for value, shown in each.frames.values() if shown]
    return {
        **each.name._asdict(),
        "dice": sum(dice) / len(dice),
        "dice_nerve": sum(nerve) / len(nerve) if nerve else None,
        "baseline": each.baseline,
        "collapsed": each.collapsed,
        **each.boards,
        "training_seconds": each.seconds,
        "frames": len(dice),
    }


def without_nan(value: object) -> object:
    """Return `value` with null for NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
