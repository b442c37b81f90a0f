"""The results of a ladder as a Markdown page, JSON and a figure."""

import json
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from benchmarks.ladder.figure import draw
from benchmarks.ladder.plan import Document
from benchmarks.ladder.scores import Rung
from benchmarks.machine import describe
from benchmarks.settings.differences import LEVEL
from benchmarks.settings.page import score, signed, without_nan

from nerveseg.atomic import whole_file
from nerveseg.evaluation.clustered import clustered_means

_TABLE: Final = (
    "| rung | run | networks | validation | subjects | private | on the rung before "
    "| 95% interval | p | on the first | 95% interval | p |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
)
_EXPLANATION: Final = (
    "Each rung keeps what the rungs before it changed. *run* is the ensemble, or without one the "
    "run that is best on the validation frames; *validation* is its mean Dice there, with several "
    "folds out of fold. Gains are paired differences in private score; where *run* changes, they "
    "include that. Intervals and p-values are over subjects of the test frames. They do not cover "
    "other seeds, and are not corrected for the number of rungs.\n"
)
_GROUPS: Final = {
    "simulator": "subjects",
    "alike": "groups of frames that look alike, taken for subjects, which are not known: if they "
    "are fewer, the intervals are too narrow",
}


class Gain(NamedTuple):
    """The difference of a rung's private score from that of another one.

    Attributes:
        dice: the difference.
        low: lower end of its confidence interval over subjects.
        high: upper end.
        p: p-value of no difference.
    """

    dice: float
    low: float
    high: float
    p: float


def gain(rung: Rung, other: Rung, subjects: Mapping[int, int]) -> Gain:
    """Return the gain of `rung` on `other`.

    Args:
        rung: a rung.
        other: another rung of the same ladder.
        subjects: test image -> subject.
    """
    images = sorted(rung.private)
    pairs = np.array([[rung.private[img], other.private[img]] for img in images])
    paired = clustered_means(pairs, np.array([subjects[img] for img in images])).minus(1)
    return Gain(float(paired.mean[0]), *paired.interval(0, LEVEL), paired.p_value(0))


def write_results(
    out: Path,
    name: str,
    document: Document,
    rungs: Sequence[Rung],
    subjects: Mapping[int, int],
) -> None:
    """Write NAME.md, NAME.json and NAME.svg to the folder `out`.

    Args:
        out: the folder.
        name: name of the files.
        document: the file of the ladder.
        rungs: the rungs that have been climbed, at least two.
        subjects: test image -> subject.
    """
    steps = [gain(rung, before, subjects) for before, rung in pairwise(rungs)]
    totals = [gain(rung, rungs[0], subjects) for rung in rungs[1:]]
    tested = len({subjects[img] for img in rungs[0].private})
    record = {
        **describe(f"python -m benchmarks.ladder {' '.join(sys.argv[1:])}".strip()),
        "plan": document.model_dump(),
        "private_frames": len(rungs[0].private),
        "test_subjects": tested,
        "rungs": [_record(rung) for rung in rungs],
        "on_the_rung_before": [each._asdict() for each in steps],
        "on_the_first": [each._asdict() for each in totals],
    }
    with whole_file(out / f"{name}.json") as new:
        new.write_text(json.dumps(without_nan(record), indent=1) + "\n")
    with whole_file(out / f"{name}.svg") as new:
        new.write_text(draw([rung.name for rung in rungs], [rung.score for rung in rungs], totals))
    state = (
        f"{len(rungs)} of {len(document.rungs)} rungs, {len(rungs[0].private)} private frames of "
        f"{tested} {_GROUPS[document.subjects]}."
    )
    with whole_file(out / f"{name}.md") as new:
        new.write_text(
            f"# {name}\n\n{state} {_EXPLANATION}\n{_steps(rungs, steps, totals)}\n"
            f"![Private score by rung]({name}.svg)\n\n{_runs(rungs)}"
        )


def _steps(rungs: Sequence[Rung], steps: Sequence[Gain], totals: Sequence[Gain]) -> str:
    """Return a table of the rungs, with the gains on the rung before and on the first one."""
    lines = [_line(rungs[0], "| | | | | | |")]
    for rung, step, total in zip(rungs[1:], steps, totals, strict=True):
        lines.append(_line(rung, f"| {_words(step)} | {_words(total)} |"))
    return "".join([_TABLE, *lines])


def _record(rung: Rung) -> dict[str, object]:
    return {**rung._asdict(), "score": rung.score}


def _line(rung: Rung, gains: str) -> str:
    return (
        f"| {rung.name} | {rung.run} | {rung.networks} | {rung.validation:.3f} | {rung.subjects} "
        f"| {rung.score:.3f} {gains}\n"
    )


def _words(of: Gain) -> str:
    return f"{signed(of.dice)} | {signed(of.low)} .. {signed(of.high)} | {score(of.p)}"


def _runs(rungs: Sequence[Rung]) -> str:
    """Return a table of every run on every rung."""
    names = list(dict.fromkeys(name for rung in rungs for name in rung.runs))
    head = f"| rung | {' | '.join(names)} |\n|---|{'--:|' * len(names)}\n"
    lines = []
    for rung in rungs:
        pairs = (rung.runs.get(name) for name in names)
        cells = (f"{pair[0]:.3f}, {pair[1]:.3f}" if pair else "" for pair in pairs)
        lines.append(f"| {rung.name} | {' | '.join(cells)} |\n")
    return f"Every run, on validation frames and in private score:\n\n{head}{''.join(lines)}"
