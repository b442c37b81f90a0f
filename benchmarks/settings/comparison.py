"""Runs every combination of a plan and writes the tables and the figure after each of them."""

import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from functools import cache
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import torch
from benchmarks.settings.page import write_results
from benchmarks.settings.plan import Name, Plan, read_plan
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


class Outcome(NamedTuple):
    """What became of a combination.

    Attributes:
        name: which combination.
        scored: its scores, or why it failed.
        fresh: whether it was computed just now rather than in an earlier comparison.
        seconds: that this took.
    """

    name: Name
    scored: Scored | str
    fresh: bool
    seconds: float


def run(path: Path, work: Path, out: Path, threads: int, jobs: int = 1) -> None:
    """Compare the settings of the plan at `path`; write OUT/PLAN.md, .json and .svg.

    Args:
        path: the plan.
        work: folder in which the stages are kept.
        out: folder for the results.
        threads: number of threads that each combination computes with.
        jobs: number of combinations at a time; above 1, each has a process of its own.

    Raises:
        InputError: the plan is not valid, or combinations failed, after all others were scored.
    """
    plan = read_plan(path)
    count = len(plan.combinations)
    clock = Clock(count)
    scored: dict[Name, Scored] = {}
    failed: dict[Name, str] = {}
    for place, each in enumerate(_outcomes(plan, work, threads, jobs), start=1):
        if isinstance(each.scored, str):
            failed[each.name] = each.scored
            words = f"failed: {each.scored}"
        else:
            scored[each.name] = each.scored
            words = _words(each.scored)
        left = clock.tick(each.seconds / jobs, computed=each.fresh)
        print(f"[{place}/{count}] {each.name}: {words}; {left}", flush=True)
        if each.fresh or place == count:
            # In the order of the plan, whichever was ready first.
            ready = [scored[name] for name in plan.combinations if name in scored]
            write_results(out, path.stem, plan, ready, failed)
    print(f"see {out / path.stem}.md")
    if failed:
        names = "; ".join(f"{name} ({text})" for name, text in failed.items())
        raise InputError(f"{len(failed)} of {count} combinations failed: {names}")


def _outcomes(plan: Plan, work: Path, threads: int, jobs: int) -> Iterator[Outcome]:
    todo = ((work, threads, name, params) for name, params in plan.combinations.items())
    if jobs == 1:
        for arguments in todo:
            yield _outcome(*arguments)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        # None waits in the pool: after Ctrl-C, a process would begin what is waiting.
        running = {pool.submit(_outcome, *arguments) for arguments in islice(todo, jobs)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(_outcome, *each) for each in islice(todo, len(done))}
            for future in done:
                yield future.result()


def _outcome(work: Path, threads: int, name: Name, params: dict[str, Any]) -> Outcome:
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    start = time.perf_counter()
    try:
        done = _stages(work).run("score", name.run, params)
    except Exception as error:
        return Outcome(name, _reason(error), fresh=True, seconds=time.perf_counter() - start)
    scored, fresh = _scored(name, done), done["train"].fresh
    return Outcome(name, scored, fresh, time.perf_counter() - start)


@cache
def _stages(work: Path) -> StageCache:
    """Return the stages kept under `work`: one object per process, which knows what failed."""
    return StageCache(work)


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
