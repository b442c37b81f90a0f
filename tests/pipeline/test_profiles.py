"""Every key that a profile sets is a parameter, and gets a value of its kind."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
PROFILES = sorted((ROOT / "profiles").iterdir())
PARAMS = YAML(typ="safe").load(ROOT / "params.yaml")


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.name)
def test_every_key_of_a_profile_exists(profile: Path) -> None:
    words = profile.read_text().split()
    flags, settings = words[::2], words[1::2]
    assert set(flags) == {"-S"}
    assert len(flags) == len(settings)
    for setting in settings:
        key, _, value = setting.partition("=")
        section = PARAMS
        for part in key.split("."):
            assert part in section, f"{profile.name}: {key} is no parameter"
            section = section[part]
        assert value
