"""Limits on the layout of the code: sizes of files and functions, and what packages import."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = sorted((ROOT / "src").rglob("*.py"))
STAGES = sorted((ROOT / "stages").glob("*.py"))
NAMES_WITHOUT_A_SUBJECT = {"utils", "helpers", "common", "misc"}


def lines(file: Path) -> int:
    return len(file.read_text().splitlines())


def functions(file: Path) -> list[tuple[str, int]]:
    tree = ast.parse(file.read_text())
    return [
        (f"{file.name}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    ]


def eager_imports(body: list[ast.stmt]) -> Iterator[str]:
    """Yield the top-level names of what a module imports as soon as it is imported."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef) or (
            isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING"
        ):
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield (node.module or "").partition(".")[0] if node.level == 0 else "."


@pytest.mark.parametrize("file", STAGES, ids=lambda file: file.stem)
def test_a_stage_is_thin(file: Path) -> None:
    tree = ast.parse(file.read_text())
    assert lines(file) <= 45
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.For | ast.While)]


def test_files_are_small() -> None:
    sizes = {str(file.relative_to(ROOT)): lines(file) for file in LIBRARY}
    assert not {name: size for name, size in sizes.items() if size > 250}
    assert median(sizes.values()) <= 130


def test_functions_are_small() -> None:
    sizes = dict(entry for file in LIBRARY for entry in functions(file))
    assert not {name: size for name, size in sizes.items() if size > 70}
    assert sum(size > 50 for size in sizes.values()) <= 1, "the training loop alone may be longer"
    assert median(sizes.values()) <= 12


def test_every_module_is_named_after_its_subject() -> None:
    assert not {file.stem for file in LIBRARY} & NAMES_WITHOUT_A_SUBJECT


@pytest.mark.parametrize(
    "file",
    [file for file in LIBRARY if file.name == "__init__.py"],
    ids=lambda file: file.parent.name,
)
def test_a_package_loads_no_module_until_it_is_used(file: Path) -> None:
    # Otherwise every stage would load torch, and would depend on all modules of the package.
    assert not set(eager_imports(ast.parse(file.read_text()).body)) - sys.stdlib_module_names
