"""Every key that a profile sets is a parameter, and gets a value that its stage accepts."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides
from ruamel.yaml import YAML

from nerveseg.models.factory import build
from nerveseg.models.registry import OWN
from nerveseg.params.data import SplitParams
from nerveseg.params.section import read
from nerveseg.params.train import TrainParams
from nerveseg.params.trainings import TrainingsParams
from nerveseg.preflight import SECTIONS

ROOT = Path(__file__).parents[2]
PROFILES = sorted((ROOT / "profiles").iterdir())
PARAMS = YAML(typ="safe").load(ROOT / "params.yaml")


def applied(profile: Path, folder: Path) -> Path:
    """Return params.yaml after `dvc exp run $(cat PROFILE)`; DVC refuses keys that do not exist."""
    words = profile.read_text().split()
    assert set(words[::2]) == {"-S"}
    path = folder / "params.yaml"
    shutil.copy(ROOT / "params.yaml", path)
    apply_overrides(path, words[1::2])
    return path


def document(path: Path) -> dict[str, Any]:
    return YAML(typ="safe").load(path)  # type: ignore[no-any-return]


def test_every_section_of_the_parameters_is_typed() -> None:
    assert set(PARAMS) == set(SECTIONS)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.name)
def test_a_profile_sets_parameters_that_exist_to_values_that_are_accepted(
    profile: Path, tmp_path: Path
) -> None:
    path = applied(profile, tmp_path)
    for name, kind in SECTIONS.items():
        assert read(name, kind, path).model_dump(mode="json") == document(path)[name]
    read("trainings", TrainingsParams, path).trainings(
        read("split", SplitParams, path), read("train", TrainParams, path)
    )


@pytest.mark.parametrize("name", OWN)
def test_the_default_networks_are_built_from_their_parameters(name: str) -> None:
    assert build(name, PARAMS["train"]["channels"], **PARAMS["models"][name])


def test_the_paper_s_profile_sets_every_network_to_its_full_width(tmp_path: Path) -> None:
    models = document(applied(ROOT / "profiles/paper", tmp_path))["models"]
    full = {name: 32 if name == "unetpp" else 64 for name in OWN}
    assert {name: options["width"] for name, options in models.items()} == full


def test_the_profile_to_win_trains_every_run_on_every_fold_and_averages_them(
    tmp_path: Path,
) -> None:
    found = document(applied(ROOT / "profiles/win", tmp_path))
    folds = {found["split"]["fold"], *(each["fold"] for each in found["trainings"].values())}
    assert folds == set(range(found["split"]["folds"]))
    assert found["ensembles"]["win"]["runs"] == "all"
    for name, options in found["models"].items():
        options = {key: value for key, value in options.items() if key != "network"}
        network = found["models"][name].get("network", name)
        build(network, found["train"]["channels"], **{**options, "encoder_weights": "none"})
