"""dvc.yaml: stages, files and sections share names, and code dependencies are in data/.code."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from nerveseg.params.section import Section
from nerveseg.relevant_code import EXEMPT, PACKAGE

ROOT = Path(__file__).parents[2]


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(ROOT / name)
    return found


STAGES = {name: body.get("do", body) for name, body in document("dvc.yaml")["stages"].items()}
OF_EVERY_RUN = [name for name, body in document("dvc.yaml")["stages"].items() if "do" in body]


def run_of(name: str) -> str:
    return "${key}/" if name in OF_EVERY_RUN else ""


@pytest.mark.parametrize("name", sorted({*STAGES} - {"code", "download"}))
def test_a_stage_depends_on_its_code_as_the_stage_code_computes_it(name: str) -> None:
    # A further training executes the file of the first one.
    run, file = ("${item.run}/", "train") if name == "train_further" else (run_of(name), name)
    code = [dep for dep in STAGES[name]["deps"] if dep.startswith(("data/.code", "src", "stages"))]
    assert code == [f"data/.code/{run}{file}.json"]


def test_the_download_depends_on_no_code() -> None:
    # An edit must never fetch the archive again.
    assert STAGES["download"]["deps"] == ["data/checked.txt"]


def test_a_stage_is_a_file_and_a_section_of_the_parameters() -> None:
    files = {file.stem for file in (ROOT / "stages").glob("*.py")}
    other = document("leaderboard/dvc.yaml")["stages"]
    assert files == set(STAGES) - {"train_further"} | {
        name for name, stage in other.items() if "foreach" not in stage
    }


def test_every_parameter_of_training_is_tracked() -> None:
    assert "train" in STAGES["train"]["params"]


@pytest.mark.parametrize("name", list(EXEMPT))
def test_what_is_exempt_is_there_and_says_why(name: str) -> None:
    place = PACKAGE.joinpath(*name.split(".")[1:])
    assert place.is_dir() or place.with_suffix(".py").exists()
    assert len(EXEMPT[name].split()) > 3


def sections(kind: type[BaseModel] = Section) -> set[type[BaseModel]]:
    return {kind}.union(*map(sections, kind.__subclasses__()))


def test_no_parameter_has_a_default_in_code() -> None:
    # The code of sections is exempt because every value that they pass on is in params.yaml.
    for file in (PACKAGE / "params").glob("*.py"):
        import_module(f"nerveseg.params.{file.stem}")
    ours = [kind for kind in sections() if kind.__module__.startswith("nerveseg.")]
    fields = [(kind, name, field) for kind in ours for name, field in kind.model_fields.items()]
    assert len(fields) > 40
    assert [
        f"{kind.__name__}.{name}" for kind, name, field in fields if not field.is_required()
    ] == []
