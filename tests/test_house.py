"""The layout that makes the project easy to see, held by measure."""

import ast
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = sorted((ROOT / "src").rglob("*.py"))
STAGES = sorted((ROOT / "stages").glob("*.py"))
ROOMS_WITHOUT_A_PURPOSE = {"utils", "helpers", "common", "misc"}


def lines(file: Path) -> int:
    return len(file.read_text().splitlines())


def functions(file: Path) -> list[tuple[str, int]]:
    tree = ast.parse(file.read_text())
    return [
        (f"{file.name}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    ]


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
    assert not {name: size for name, size in sizes.items() if size > 80}
    assert sum(size > 50 for size in sizes.values()) <= 1, "the training loop alone may be longer"
    assert median(sizes.values()) <= 12


def test_no_room_is_without_a_purpose() -> None:
    assert not {file.stem for file in LIBRARY} & ROOMS_WITHOUT_A_PURPOSE


@pytest.mark.parametrize(
    "file",
    [file for file in LIBRARY if file.name == "__init__.py"],
    ids=lambda file: file.parent.name,
)
def test_a_package_imports_nothing_by_itself(file: Path) -> None:
    # An import there would tie every stage that touches the package to it (dvc.yaml).
    statements = ast.parse(file.read_text()).body
    assert [type(statement) for statement in statements] == [ast.Expr]
