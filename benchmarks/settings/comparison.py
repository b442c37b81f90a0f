"""Runs every combination of a plan and writes the tables and the figure after each of them."""

import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

import cv2
import torch
from benchmarks.settings.page import write_results
from benchmarks.settings.plan import Name, read_plan
from benchmarks.settings.scores import Scored, read_scored
from benchmarks.settings.stages import Done, StageCache

from nerveseg.errors import InputError


class Clock:
    """Estimates the time left from the combinations that had to be computed.

    Args:
        count: number of combinations.
    """

    def __init__(self, count: int) -> None:
        self._left, self._seconds, self._computed = count, 0.0, 0

    def tick(self, seconds: float, *, computed: bool) -> str:
        """Count one combination as done; return the time left in words."""
        self._left -= 1
        if computed:
            self._seconds, self._computed = self._seconds + seconds, self._computed + 1
        if not self._left:
            return "done"
        if not self._computed:
            return f"{self._left} left"
        return (
            f"{self._left} left, about {self._seconds / self._computed * self._left / 60:.0f} min"
        )


def run(path: Path, work: Path, out: Path, threads: int) -> None:
    """Compare the settings of the plan at `path`; write OUT/PLAN.md, .json and .svg.

    Args:
        path: the plan.
        work: folder in which the stages are kept.
        out: folder for the results.
        threads: number of threads to compute with.

    Raises:
        InputError: the plan is not valid, or combinations failed, after all others were scored.
    """
    plan = read_plan(path)
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    stages, clock = StageCache(work), Clock(len(plan.combinations))
    scored: list[Scored] = []
    failed: dict[Name, str] = {}
    for place, (name, params) in enumerate(plan.combinations.items(), start=1):
        start = time.perf_counter()
        try:
            done = stages.run("score", name.run, params)
        except Exception as error:
            failed[name] = _reason(error)
            outcome, computed = f"failed: {failed[name]}", True
        else:
            scored.append(_scored(name, done))
            outcome, computed = _words(scored[-1]), done["train"].fresh
        left = clock.tick(time.perf_counter() - start, computed=computed)
        print(f"[{place}/{len(plan.combinations)}] {name}: {outcome}; {left}", flush=True)
        if computed or place == len(plan.combinations):
            write_results(out, path.stem, plan, scored, failed)
    print(f"see {out / path.stem}.md")
    if failed:
        names = "; ".join(f"{name} ({text})" for name, text in failed.items())
        raise InputError(f"{len(failed)} of {len(plan.combinations)} combinations failed: {names}")


def _scored(name: Name, done: Mapping[str, Done]) -> Scored:
    folder = done["score"].folder / "data/scores" / name.run
    return read_scored(name, folder, done["train"].seconds)


def _words(scored: Scored) -> str:
    dice = sum(value for value, _ in scored.frames.values()) / len(scored.frames)
    return f"Dice {dice:.3f}, private {scored.boards['private']:.3f}, {scored.seconds:.0f} s"


def _reason(error: Exception) -> str:
    """Return one line; an error that is not the user's keeps its traceback on stderr."""
    if isinstance(error, InputError):
        return " ".join(str(error).split())
    traceback.print_exception(error, file=sys.stderr)
    return repr(error)
