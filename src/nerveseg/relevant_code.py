"""Which code the result of a stage depends on, from the real import graph.

DVC sees no Python imports. The stage `code` writes, for every other stage, the modules it reaches
and a hash of each, and the other stages depend on what it wrote: there is no second list of code,
neither in dvc.yaml nor in the key of a training's checkpoints.
"""

import ast
import hashlib
import json
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
    "nerveseg.errors": "reports what went wrong; then there is no output",
    "nerveseg.atomic": "writes outputs whole or not at all, whatever is in them",
    "nerveseg.models.registry": "names networks; the file it names is on the list itself",
    "nerveseg.params": "checks values that DVC tracks as parameters",
    "nerveseg.training.checkpoint": "where a training goes on; tests hold that no bit changes",
    "nerveseg.training.interruption": "when a training stops; tests hold that no bit changes",
    "nerveseg.training.progress": "shows how far a training is",
    "nerveseg.training.snapshot": "how a checkpoint is written; tests hold that no bit changes",
}
"""Modules (or packages) that cannot change an output, and why."""
BUILD: Final = "nerveseg.models.factory"
"""Imports a network by its name: what reaches this module reaches the run's network."""


def modules_of(stage: Path, network: str | None = None) -> set[str]:
    """Return the modules of the library that a stage's file reaches through its imports.

    Args:
        stage: the file, stages/train.py say.
        network: module of the run's network; it counts where the stage builds networks.

    Packages are left out: their `__init__.py` holds a docstring, or names that load on demand.
    """
    reached = _reached(_imported(stage))
    if network and BUILD in reached:
        reached |= _reached({network})
    return {name for name in reached if _file(name).exists()}


def _reached(direct: set[str]) -> set[str]:
    return direct.union(*map(_graph().find_upstream_modules, direct))


def fingerprint(stage: Path, network: str | None = None) -> dict[str, str]:
    """Return file -> hash of the code that the output of a stage depends on, itself included.

    Comments, docstrings, formatting and the words of errors do not count; files beside the
    modules that are no Python (a page's template, say) do.

    Args:
        stage: as `modules_of` takes it.
        network: likewise.

    Raises:
        InputError: a file is not Python.
    """
    modules = [_file(name) for name in modules_of(stage, network) if not exempt(name)]
    beside = {file for module in modules for file in module.parent.glob("assets/*")}
    files = sorted({*modules, *beside})
    here = {f"stages/{stage.name}": _hash(stage)}
    return here | {str(file.relative_to(PACKAGE)): _hash(file) for file in files}


def write_fingerprints(out: Path, pipeline: Path, networks: Mapping[str, str | None]) -> None:
    """Write `out`/STAGE.json, and `out`/RUN/STAGE.json for the stages of each run.

    Args:
        out: the folder to write to.
        pipeline: dvc.yaml, beside the folder of the stages' files; a stage that loops with
            `foreach` runs once for each run.
        networks: run -> module of its network; None where there is no such network.
    """
    for stage, body in YAML(typ="safe", pure=True).load(pipeline)["stages"].items():
        file = pipeline.parent / "stages" / f"{stage}.py"
        if "foreach" not in body:
            _write(out / f"{stage}.json", fingerprint(file))
            continue
        for run, network in networks.items():
            _write(out / run / f"{stage}.json", fingerprint(file, network))


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
    return modules & _graph().modules


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
    """Return the code without what cannot change a result."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = list(_without_texts(node.body)) or [ast.Pass()]
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            node.exc.args, node.exc.keywords = [], []
    return ast.unparse(tree)


def _without_texts(body: Iterable[ast.stmt]) -> Iterable[ast.stmt]:
    """Yield the statements that are no docstring, neither of a function nor behind a constant."""
    for statement in body:
        value = statement.value if isinstance(statement, ast.Expr) else None
        if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
            yield statement
