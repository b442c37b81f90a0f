"""Runs single stages of the pipeline and keeps their outputs, with neither DVC nor a second list.

dvc.yaml says which parameters, files and code a stage reads. A stage runs in a folder of its own,
named after a hash of all of these, with links to the files that it reads. What two combinations
share is therefore computed once, and an interrupted comparison continues where it stopped.
"""

import fcntl
import hashlib
import json
import runpy
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stdout
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from benchmarks import plain_loop
from ruamel.yaml import YAML

from nerveseg.atomic import whole_file
from nerveseg.device import pick_device
from nerveseg.environment import limits
from nerveseg.models.registry import NETWORKS
from nerveseg.relevant_code import ENSEMBLES, fingerprint

ROOT: Final = Path(__file__).parents[2]
CODE: Final = "data/.code"
PARAMS: Final = "params.yaml"
RECORD: Final = "done.json"
LOG: Final = "log.txt"
INTERRUPTED: Final = "seconds.txt"
LOCK: Final = "lock"
# It only protects files from DVC.
UNUSED: Final = "data/checked.txt"

Params = dict[str, Any]


class Stage(NamedTuple):
    """What dvc.yaml says about one stage of one run.

    Attributes:
        name: its name, without the run.
        params: dotted keys of the parameters that it reads.
        deps: files that it reads.
        outs: files that it writes.
        command: called in the stage's folder.
        of_run: whether the stage exists once for each run.
    """

    name: str
    params: list[str]
    deps: list[str]
    outs: list[str]
    command: Callable[[], None]
    of_run: bool


class Done(NamedTuple):
    """A stage that has run.

    Attributes:
        folder: where its outputs are.
        seconds: time that it took, summed over its interruptions.
        hashes: output -> hash of its content.
        fresh: whether it ran just now rather than in an earlier combination.
    """

    folder: Path
    seconds: float
    hashes: dict[str, str]
    fresh: bool


class StageCache:
    """The stages that have run, in folders under `work`."""

    def __init__(self, work: Path) -> None:
        self._work = work.resolve()
        self._failed: dict[Path, Exception] = {}

    def run(self, name: str, run: str, params: Params) -> dict[str, Done]:
        """Run the stage `name` of `run` after all the stages whose outputs it reads.

        Returns:
            stage -> what it gave, for every stage on the way.

        Raises:
            InputError: a stage failed for a reason that the user can correct.
        """
        stages = stages_of(run, str(params["models"].get(run, {}).get("network", run)))
        done: dict[str, Done] = {}
        self._ensure(stages[name], stages, run, params, done)
        return done

    def _ensure(
        self,
        stage: Stage,
        stages: Mapping[str, Stage],
        run: str,
        params: Params,
        done: dict[str, Done],
    ) -> Done:
        if stage.name in done:
            return done[stage.name]
        links: dict[str, Path] = {}
        inputs: Params = {key: _value(params, key) for key in stage.params}
        for dep in stage.deps:
            if dep.startswith(CODE):
                inputs[dep] = _code(Path(dep).stem, str(params["models"][run].get("network", run)))
                continue
            producer = next(each for each in stages.values() if _within(dep, each.outs))
            made = self._ensure(producer, stages, run, params, done)
            links[dep] = made.folder / dep
            inputs[dep] = [made.hashes[out] for out in _within(dep, producer.outs)]
        if stage.of_run:
            inputs["machine"] = _machine()
        if stage.name == "download":
            inputs["files"] = [_files(params["data"][key]) for key in ("archive", "solution")]
        text = json.dumps([run if stage.of_run else "", inputs], sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        place = f"{stage.name}-{run}" if stage.of_run else stage.name
        folder = self._work / place / key
        with _locked(folder):
            done[stage.name] = self._done(stage, folder, links, inputs, params)
        return done[stage.name]

    def _done(
        self,
        stage: Stage,
        folder: Path,
        links: Mapping[str, Path],
        inputs: Params,
        params: Params,
    ) -> Done:
        record = folder / RECORD
        if record.exists():
            kept = json.loads(record.read_text())
            return Done(folder, kept["seconds"], kept["hashes"], fresh=False)
        if folder in self._failed:
            raise self._failed[folder]
        code = {dep: value for dep, value in inputs.items() if dep.startswith(CODE)}
        _prepare(folder, links, {**code, PARAMS: params})
        try:
            seconds = _timed(stage.command, folder)
        except Exception as error:
            self._failed[folder] = error
            raise
        hashes = {out: _hash(folder / out) for out in stage.outs}
        with whole_file(record) as new:
            new.write_text(json.dumps({"seconds": seconds, "hashes": hashes}, indent=1) + "\n")
        return Done(folder, seconds, hashes, fresh=True)


def stages_of(run: str, network: str) -> dict[str, Stage]:
    """Return the stages of the pipeline for one run, by name.

    A run of the network `plain_loop` is trained and predicted by `benchmarks.plain_loop`.
    """
    stages = {}
    for name, body in _pipeline().items():
        # Folds and seeds are combinations here, not further trainings of one.
        if body.get("foreach") == ENSEMBLES or "matrix" in body:
            continue
        each = body.get("do", body)
        reads, deps, outs = (_list(each.get(key, ()), run) for key in ("params", "deps", "outs"))
        arguments = (str(ROOT / "stages" / f"{name}.py"), *([run] if "do" in body else []))
        stages[name] = Stage(
            name, reads, deps, outs, partial(_run_script, *arguments), of_run="do" in body
        )
    if network == plain_loop.NAME:
        for name, (command, params, deps, outs) in plain_loop.STAGES.items():
            stages[name] = Stage(name, params, deps, outs, command, of_run=True)
    return stages


def _run_script(*arguments: str) -> None:
    """Run the file of a stage in this process: starting another one for each takes seconds."""
    before, sys.argv = sys.argv, list(arguments)
    try:
        runpy.run_path(arguments[0])["main"]()
    finally:
        sys.argv = before


@cache
def _pipeline() -> dict[str, Params]:
    stages: dict[str, Params] = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["stages"]
    return stages


def _list(items: Iterable[str | Params], run: str) -> list[str]:
    """Return a list of dvc.yaml as plain text; an item may be a mapping of a path to options."""
    texts = [item if isinstance(item, str) else next(iter(item)) for item in items]
    return [text.replace("${key}", run) for text in texts if text != UNUSED]


def _within(dep: str, outs: Iterable[str]) -> list[str]:
    """Return those of `outs` that are the file `dep`, or inside the folder `dep`."""
    return [out for out in outs if out == dep or out.startswith(f"{dep}/")]


def _value(params: Params, key: str) -> object:
    value: Any = params
    for part in key.split("."):
        value = value.get(part)
    return value


def _machine() -> list[object]:
    """Return what rounding depends on, which training amplifies."""
    instructions = [torch.backends.cpu.get_cpu_capability(), limits()]
    return [torch.__version__, torch.get_num_threads(), str(pick_device()), *instructions]


@cache
def _code(stage: str, network: str) -> dict[str, str]:
    """Return file -> hash of the code that a stage depends on, as the stage `code` does."""
    if stage == plain_loop.NAME:
        return {stage: _hash(Path(plain_loop.__file__))}
    known = NETWORKS.get(network)
    return fingerprint(ROOT / "stages" / f"{stage}.py", known.module if known else None)


def _files(path: str | None) -> list[list[object]]:
    """Return what changes with the files at `path`, a file or folder, without reading them."""
    if path is None:
        return []
    found = (Path(path), *sorted(Path(path).rglob("*")))
    # What is missing is for the stage download to report.
    return [[str(f), f.stat().st_size, f.stat().st_mtime_ns] for f in found if f.is_file()]


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let no other process run a stage in `folder`, which is made, while the context lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        yield


def _prepare(folder: Path, links: Mapping[str, Path], documents: Mapping[str, object]) -> None:
    """Link the files that the stage reads; write its parameters and what stands for its code."""
    for name, target in links.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)
    for name, document in documents.items():
        with whole_file(folder / name) as new:
            new.write_text(json.dumps(document, indent=1) + "\n")  # JSON is YAML


def _timed(command: Callable[[], None], folder: Path) -> float:
    """Run `command` in `folder`; return its seconds, including those of interrupted attempts."""
    spent = folder / INTERRUPTED
    before = float(spent.read_text()) if spent.exists() else 0.0
    start = time.perf_counter()
    try:
        with chdir(folder), (folder / LOG).open("a") as log, redirect_stdout(log):
            command()
    except KeyboardInterrupt:
        spent.write_text(str(before + time.perf_counter() - start))
        raise
    return before + time.perf_counter() - start
