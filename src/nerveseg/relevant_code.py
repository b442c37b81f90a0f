"""Computes from the import graph which code the outputs of a stage depend on.

DVC does not follow Python imports. The stage `code` therefore writes, for every other stage, the
modules that the stage reaches and a hash of each; the other stages depend on these files. Neither
dvc.yaml nor the key of a training's checkpoints contains a second list of code.
"""

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import grimp
from ruamel.yaml import YAML

from nerveseg.atomic import whole_file
from nerveseg.errors import InputError

PACKAGE: Final = Path(__file__).parent
EXEMPT: Final[Mapping[str, str]] = {
    "nerveseg.environment": "describes the machine beside weights and maps, for the record",
    "nerveseg.errors": "reports errors, after which there is no output",
    "nerveseg.atomic": "writes outputs completely or not at all, whatever they contain",
    "nerveseg.models.registry": "lists networks; the module of the run's network is counted",
    "nerveseg.params": "checks values that DVC tracks as parameters",
    "nerveseg.training.checkpoint": "resumes a training; tests check that the result is the same",
    "nerveseg.training.interruption": "stops a training; tests check that the result is the same",
    "nerveseg.training.progress": "shows the progress of a training",
    "nerveseg.training.snapshot": "writes checkpoints; tests check that the result is the same",
}
"""Modules (or packages) that cannot change an output, and why."""
BUILD: Final = "nerveseg.models.factory"
"""Imports a network by its name: stages that reach this module also reach their run's network."""

ENSEMBLES: Final = "${ensembles}"
"""What a stage of dvc.yaml that is executed for each ensemble goes through."""


def modules_of(stage: Path, *networks: str | None) -> set[str]:
    """Return the modules of the library that a stage's file reaches through its imports.

    Args:
        stage: the stage's file, such as stages/train.py.
        networks: modules of the runs' networks, which count if the stage builds networks.

    Packages are left out: their `__init__.py` holds only a docstring, or names that load on demand.
    """
    reached = _reached(_imported(stage))
    if BUILD in reached:
        reached |= _reached({network for network in networks if network})
    return {name for name in reached if _file(name).exists()}


def _reached(direct: set[str]) -> set[str]:
    return direct.union(*map(_graph().find_upstream_modules, direct))


def fingerprint(stage: Path, *networks: str | None) -> dict[str, str]:
    """Return file -> hash of the code that a stage's outputs depend on, its own file included.

    Comments, docstrings, formatting and error messages do not count. Files in a folder `assets`
    beside the modules, such as the template of the report, do count.

    Args:
        stage: see `modules_of`.
        networks: see `modules_of`.

    Raises:
        InputError: a file is not Python.
    """
    modules = [_file(name) for name in modules_of(stage, *networks) if not exempt(name)]
    beside = {file for module in modules for file in module.parent.glob("assets/*")}
    files = sorted({*modules, *beside})
    here = {f"stages/{stage.name}": _hash(stage)}
    return here | {str(file.relative_to(PACKAGE)): _hash(file) for file in files}


def write_fingerprints(
    out: Path, pipeline: Path, networks: Mapping[str, str | None], ensembles: Iterable[str] = ()
) -> None:
    """Write `out`/STAGE.json, and `out`/RUN/STAGE.json for the stages of each run or ensemble.

    Args:
        out: the folder to write to.
        pipeline: path of dvc.yaml, next to the folder `stages`. A stage with `foreach` is executed
            once for each run, or once for each ensemble. One with `matrix` depends on the code of
            another, whose file it executes.
        networks: run -> module of its network; None if the registry has no such network.
        ensembles: names of the ensembles.
    """
    for stage, body in YAML(typ="safe", pure=True).load(pipeline)["stages"].items():
        if "matrix" in body:
            continue
        # The command of an ensemble runs the files of several stages.
        commands = str(body.get("do", body)["cmd"])
        files = [pipeline.parent / file for file in re.findall(r"stages/\w+\.py", commands)]
        if "foreach" not in body:
            _write(out / f"{stage}.json", _together(files, *networks.values()))
            continue
        of_ensembles = body["foreach"] == ENSEMBLES
        each = dict.fromkeys(ensembles) if of_ensembles else networks
        for run, network in each.items():
            _write(out / run / f"{stage}.json", _together(files, network))


def _together(files: Iterable[Path], *networks: str | None) -> dict[str, str]:
    return {name: value for file in files for name, value in fingerprint(file, *networks).items()}


def _write(path: Path, hashes: Mapping[str, str]) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(hashes, indent=1) + "\n")


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("nerveseg", cache_dir=None)


def _file(module: str) -> Path:
    return PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")


def exempt(module: str) -> bool:
    """Return whether a module cannot change an output (see `EXEMPT`)."""
    return any(module == name or module.startswith(f"{name}.") for name in EXEMPT)


def _imported(stage: Path) -> set[str]:
    modules = set()
    for node in ast.walk(_parsed(stage)):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
    # `from nerveseg import errors` imports the module; what the package offers does not count.
    return {name for name in modules & _graph().modules if _file(name).exists()}


@cache
def _hash(path: Path) -> str:
    content = path.read_bytes() if path.suffix != ".py" else _essence(_parsed(path)).encode()
    return hashlib.sha256(content).hexdigest()


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{path}: not Python ({error}); correct it") from error


def _essence(tree: ast.Module) -> str:
    """Return the code without docstrings, comments and error messages."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = list(_without_texts(node.body)) or [ast.Pass()]
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            node.exc.args, node.exc.keywords = [], []
    return ast.unparse(tree)


def _without_texts(body: Iterable[ast.stmt]) -> Iterable[ast.stmt]:
    """Yield the statements that are not docstrings, be it of a module, class, function or name."""
    for statement in body:
        value = statement.value if isinstance(statement, ast.Expr) else None
        if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
            yield statement
