"""Runs the pipeline on every rung of a ladder and writes what each has gained."""

import os
import shutil
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from typing import Final

from benchmarks.ladder.page import write_results
from benchmarks.ladder.plan import read_plan
from benchmarks.ladder.scores import Rung, read_rung
from benchmarks.ladder.subjects import FINDERS
from benchmarks.settings.plan import ROOT, Overrides
from ruamel.yaml import YAML

from nerveseg.errors import InputError, within
from nerveseg.params.section import PARAMS_FILE
from nerveseg.preflight import check_everything

COPIED: Final = ("dvc.yaml", ".dvcignore", "external", "leaderboard", "src", "stages")
"""What the pipeline needs of the project."""
_LOG: Final = "repro.log"


def climb(path: Path, work: Path, out: Path) -> None:
    """Run every rung of the plan at `path`; write OUT/PLAN.md, .json and .svg after each.

    Args:
        path: the plan.
        work: folder in which a copy of the project is made, named after the plan.
        out: folder for the results.

    Raises:
        InputError: the plan is not valid, or the pipeline failed on a rung.
    """
    plan = read_plan(path)
    folder = (work / path.stem).absolute()
    _prepare(folder)
    for name, params in plan.rungs.items():
        _write(folder, params)
        with chdir(folder), within(f"{path} ({name})"):
            check_everything(Path())
    rungs: list[Rung] = []
    for name, params in plan.rungs.items():
        _write(folder, params)
        print(f"{name}: nerveseg repro in {folder}", flush=True)
        _reproduce(folder)
        rungs.append(read_rung(folder, name, params))
        print(f"{name}: {rungs[-1].words()}", flush=True)
        if len(rungs) > 1:
            subjects = FINDERS[plan.document.subjects](folder, params)
            write_results(out, path.stem, plan.document, rungs, subjects)
    print(f"see {out / path.stem}.md")


def _prepare(folder: Path) -> None:
    """Copy the project as it is now to `folder`, which keeps its cache and its data."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (folder / ".dvc").mkdir(exist_ok=True)
    shutil.copy(ROOT / ".dvc/config", folder / ".dvc/config")
    (folder / ".dvc/config.local").write_text("[core]\n    no_scm = true\n")  # no git


def _write(folder: Path, params: Overrides) -> None:
    with (folder / PARAMS_FILE).open("w") as file:
        YAML(typ="safe", pure=True).dump(params, file)


def _reproduce(folder: Path) -> None:
    """Run `nerveseg repro` in `folder`; what it prints goes to a file there."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(folder / "src")}
    with (folder / _LOG).open("a") as log:
        done = subprocess.run(
            (sys.executable, "-m", "nerveseg", "repro"),
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise InputError(f"nerveseg repro failed; see {folder / _LOG}")
