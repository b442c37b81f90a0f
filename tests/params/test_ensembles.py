"""The section `ensembles`: runs, how they are combined, and names that can name files."""

import re
from pathlib import Path

import pytest

from nerveseg.errors import InputError
from nerveseg.params.ensembles import EnsemblesParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams

MODELS = ModelsParams.model_validate({"unet": {"width": 4}, "danet": {}, "cenet": {}})


def parsed(folder: Path, text: str) -> EnsemblesParams:
    path = folder / "params.yaml"
    path.write_text(f"ensembles: {text}\n")
    return read("ensembles", EnsemblesParams, path)


def test_there_are_none_by_default(tmp_path: Path) -> None:
    assert parsed(tmp_path, "{}").names() == []
    with pytest.raises(InputError, match=r"ensembles.all: no such ensemble; there are none"):
        parsed(tmp_path, "{}").ensemble("all")


def test_all_stands_for_every_run(tmp_path: Path) -> None:
    options = "combine: logits, select: all"
    found = parsed(
        tmp_path, f"{{all: {{runs: all, {options}}}, two: {{runs: [cenet, unet], {options}}}}}"
    )
    assert found.names() == ["all", "two"]
    assert found.ensemble("all").members(MODELS) == ["unet", "danet", "cenet"]
    assert found.ensemble("two").members(MODELS) == ["cenet", "unet"]
    assert found.titles() == {"all": "Ensemble all", "two": "Ensemble two"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{all: {runs: [], combine: logits, select: all}}", "ensembles.all.runs"),
        ("{all: {runs: [unet, unet], combine: logits, select: all}}", "listed twice"),
        ("{all: {runs: all, combine: masks, select: all}}", "ensembles.all.combine"),
        ("{all: {runs: all, combine: logits}}", "ensembles.all.select: Field required"),
        ("{'../x': {runs: all, combine: logits, select: all}}", "'../x' cannot name an ensemble"),
        ("{all_empty: {runs: all, combine: logits, select: all}}", "cannot name an ensemble"),
        ("[unet]", "ensembles"),
    ],
)
def test_what_cannot_be_an_ensemble_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        parsed(tmp_path, text)
