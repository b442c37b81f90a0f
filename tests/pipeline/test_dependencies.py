"""dvc.yaml names exactly the code that each stage runs."""

import ast
from functools import cache
from pathlib import Path

import grimp
import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
NETWORK = "${item.network}"
# Downloads depend on parameters alone: a code edit must never fetch the archive again.
WITHOUT_CODE = {"download"}


def document(name: str) -> dict:  # type: ignore[type-arg]
    return YAML(typ="safe").load(ROOT / name)  # type: ignore[no-any-return]


STAGES = document("dvc.yaml")["stages"]
NETWORKS = list(document("params.yaml")["models"])


@cache
def import_graph() -> grimp.ImportGraph:
    return grimp.build_graph("nerveseg", cache_dir=None)


def path_of(module: str) -> str | None:
    """Return the file of a module; packages hold a docstring alone and count for nothing."""
    path = Path("src", *module.split(".")).with_suffix(".py")
    return str(path) if (ROOT / path).exists() else None


def imported_by(stage_file: str) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse((ROOT / stage_file).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
    return modules & import_graph().modules


def files_run(stage_file: str, also: set[str]) -> set[str]:
    """Return the files of the library that a stage's file reaches through its imports."""
    direct = imported_by(stage_file) | also
    reached = direct.union(*(import_graph().find_upstream_modules(name) for name in direct))
    return {path for path in map(path_of, reached) if path}


def declared(stage: dict, network: str | None) -> set[str]:  # type: ignore[type-arg]
    """Return the code files a stage declares; a folder stands for every file in it."""
    names = (str(dep).replace(NETWORK, network or "") for dep in stage["deps"])
    code = [ROOT / name for name in names if name.startswith(("src/", "stages/"))]
    assert all(path.exists() for path in code), "a dependency that is not there"
    files = (sorted(path.rglob("*.py")) if path.is_dir() else [path] for path in code)
    return {str(f.relative_to(ROOT)) for group in files for f in group if f.name != "__init__.py"}


def stage_file(name: str) -> str:
    return f"stages/{name}.py"


CODE_STAGES = [name for name in STAGES if name not in WITHOUT_CODE]
builds_network = [name for name in CODE_STAGES if "models" in str(STAGES[name].get("deps"))]


@pytest.mark.parametrize("name", CODE_STAGES)
def test_declared_code_is_the_code_that_runs(name: str) -> None:
    stage = STAGES[name]
    body = stage.get("cmd") and stage
    loads_network = any(NETWORK in str(dep) and "src/" in str(dep) for dep in body["deps"])
    networks: list[str | None] = list(NETWORKS) if loads_network else [None]
    for network in networks:
        also = {f"nerveseg.models.{network}"} if network else set()
        needed = files_run(stage_file(name), also) | {stage_file(name)}
        given = declared(body, network)
        missing = needed - given
        needless = {file for file in given - needed if "models/blocks/" not in file}
        assert not missing, f"{name}: not declared: {sorted(missing)}"
        assert not needless, f"{name}: declared, never run: {sorted(needless)}"


def test_every_shared_block_is_used_by_some_network() -> None:
    blocks = {str(f.relative_to(ROOT)) for f in (ROOT / "src/nerveseg/models/blocks").glob("*.py")}
    used: set[str] = set()
    for network in NETWORKS:
        reached = import_graph().find_upstream_modules(f"nerveseg.models.{network}")
        used |= {path for path in map(path_of, reached) if path}
    assert not {block for block in blocks - used if not block.endswith("__init__.py")}


@pytest.mark.parametrize("name", sorted(WITHOUT_CODE))
def test_the_download_depends_on_no_code(name: str) -> None:
    assert STAGES[name]["deps"] == ["data/checked.txt"]


def test_a_stage_is_a_file_and_a_section_of_the_parameters() -> None:
    files = {file.stem for file in (ROOT / "stages").glob("*.py")}
    pipelines = set(STAGES) | set(document("leaderboard/dvc.yaml")["stages"])
    assert files == pipelines


def test_every_parameter_of_training_is_tracked() -> None:
    assert "train" in STAGES["train"]["params"]
