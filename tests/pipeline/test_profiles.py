"""Every key that a profile sets is a parameter, and gets a value that its stage accepts."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from nerveseg.models.factory import build
from nerveseg.models.registry import OWN
from nerveseg.params.section import read
from nerveseg.preflight import SECTIONS

ROOT = Path(__file__).parents[2]
PROFILES = sorted((ROOT / "profiles").iterdir())
PARAMS = YAML(typ="safe").load(ROOT / "params.yaml")


def settings(profile: Path) -> list[tuple[list[str], Any]]:
    words = profile.read_text().split()
    assert set(words[::2]) == {"-S"}
    pairs = [word.partition("=") for word in words[1::2]]
    return [(key.split("."), YAML(typ="safe").load(value)) for key, _, value in pairs]


def applied(profile: Path) -> dict[str, Any]:
    document = deepcopy(PARAMS)
    for (*parents, last), value in settings(profile):
        section = document
        for part in parents:
            section = section[part]
        assert last in section, f"{profile.name}: {'.'.join([*parents, last])} is no parameter"
        section[last] = value
    return document  # type: ignore[no-any-return]


def test_every_section_of_the_parameters_is_typed() -> None:
    assert set(PARAMS) == set(SECTIONS)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.name)
def test_a_profile_sets_parameters_that_exist_to_values_that_are_accepted(
    profile: Path, tmp_path: Path
) -> None:
    document = applied(profile)
    path = tmp_path / "params.yaml"
    YAML().dump(document, path)
    for name, kind in SECTIONS.items():
        given = read(name, kind, path).model_dump(mode="json")
        assert given == document[name]


@pytest.mark.parametrize("name", OWN)
def test_the_default_networks_are_built_from_their_parameters(name: str) -> None:
    assert build(name, PARAMS["train"]["channels"], **PARAMS["models"][name])


def test_the_paper_s_profile_sets_every_network_to_its_full_width() -> None:
    document = applied(ROOT / "profiles/paper")
    full = {name: 32 if name == "unetpp" else 64 for name in OWN}
    assert {name: options["width"] for name, options in document["models"].items()} == full
