"""A changed parameter runs the stages that read it, and no other; DVC's run cache is on."""

import json
import shutil
from pathlib import Path

import pytest
from change_parameters import leaves
from clone import ROOT, Clone
from dvc.stage.cache import _get_cache_hash
from ruamel.yaml import YAML

from nerveseg.params.section import UNTRACKED_KEYS

HERE = Path(__file__).parent
PARAMS = YAML(typ="safe").load(ROOT / "params.yaml")
KEYS = [".".join(key) for key in leaves(PARAMS)]
# The one network that is there when parameters of other sections change.
LAST = list(PARAMS["models"])[-1]


def hashed(key: str, value: int) -> str:
    params = {"params.yaml": {"section": {"inner": [{key: value}]}}}
    return str(_get_cache_hash({"cmd": "true", "params": params}))


@pytest.mark.parametrize("key", sorted({name for key in KEYS for name in key.split(".")}))
def test_dvc_s_run_cache_sees_a_change_under_every_key(key: str) -> None:
    assert hashed(key, 1) != hashed(key, 2)


@pytest.mark.parametrize("key", sorted(UNTRACKED_KEYS))
def test_the_keys_that_are_refused_are_those_that_dvc_ignores(key: str) -> None:
    assert hashed(key, 1) == hashed(key, 2)


def reads(log: str) -> set[tuple[str, str]]:
    """Return (stage, key) pairs; of a network, whatever its name, `N` stands in the pair."""
    pairs = set()
    for line in log.splitlines():
        stage, key = line.split()
        stage, _, network = stage.partition("@")
        if network and key.startswith("models."):
            assert key == f"models.{network}", "a stage reads another network's options"
            key = "models.N"
        pairs.add((f"{stage}@N" if network else stage, key))
    return pairs


def readers(key: str, pairs: set[tuple[str, str]]) -> list[str]:
    """Return the stages that read parameter `key`, after what a run of them logged."""
    section, name, *_ = names = key.split(".")
    network = name if section == "models" else LAST
    above = [".".join(names[:depth]) for depth in range(1, len(names) + 1)]
    wanted = {"*", *above} | ({"models.N"} if section == "models" else set())
    return sorted({stage.replace("@N", f"@{network}") for stage, read in pairs if read in wanted})


@pytest.mark.slow
def test_every_parameter_runs_exactly_the_stages_that_read_it(tiny: Clone) -> None:
    trace = tiny.folder / "src/sitecustomize.py"
    shutil.copy(HERE / "trace_parameters.py", trace)
    log = tiny.folder.with_name("reads")
    tiny.shell(f"NERVESEG_READS={log} dvc repro")
    trace.unlink()
    pairs = reads(log.read_text())

    shutil.copy(ROOT / "params.yaml", tiny.folder / "params.yaml")
    ran = json.loads(tiny.shell(f"python {HERE / 'change_parameters.py'} 2>&1").splitlines()[-1])
    print_table(ran)
    assert ran == {key: readers(key, pairs) for key in KEYS}


def print_table(ran: dict[str, list[str]]) -> None:
    for key, stages in ran.items():
        print(f"{key:34} {' '.join(stages)}")
