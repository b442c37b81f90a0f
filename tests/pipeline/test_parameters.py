"""A changed parameter runs the stages that read it, and no others, with DVC's run cache enabled."""

import json
import shutil
from pathlib import Path

import pytest
from change_parameters import leaves
from clone import ROOT, Clone
from dvc.stage.cache import _get_cache_hash
from ruamel.yaml import YAML

from nerveseg.params.section import UNTRACKED_KEYS
from nerveseg.relevant_code import exempt

HERE = Path(__file__).parent
PARAMS = YAML(typ="safe").load(ROOT / "params.yaml")
KEYS = [".".join(key) for key in leaves(PARAMS)]
# The only run while parameters of other sections are changed.
LAST = list(PARAMS["models"])[-1]
# Parameters that a stage must track although tracing it on simulated data does not show them.
NOT_TRACED = {
    ("download", "data.archive"),  # the source `archive` reads these two
    ("download", "data.solution"),
    ("download", "data.kaggle"),  # the source `kaggle` reads it
    ("download", "data.simulated.recipe"),  # stands for the simulator's code
    ("decide@N", "decide.folds"),  # rules other than `fixed` read these two
    ("decide@N", "decide.match_prevalence"),
    ("decide@N", "audit.blocks"),  # a sweep above 0 reads these two
    ("decide@N", "audit.least_similarity"),
}


def hashed(key: str, value: int) -> str:
    params = {"params.yaml": {"section": {"inner": [{key: value}]}}}
    return str(_get_cache_hash({"cmd": "true", "params": params}))


@pytest.mark.parametrize("key", sorted({name for key in KEYS for name in key.split(".")}))
def test_dvc_s_run_cache_sees_a_change_under_every_key(key: str) -> None:
    assert hashed(key, 1) != hashed(key, 2)


@pytest.mark.parametrize("key", sorted(UNTRACKED_KEYS))
def test_the_keys_that_are_refused_are_those_that_dvc_ignores(key: str) -> None:
    assert hashed(key, 1) == hashed(key, 2)


def reads(trace: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return (stage, key) for each parameter that was read; `N` replaces the name of every run."""
    pairs = set()
    for traced, read in trace:
        if read.startswith("module:"):
            continue
        stage, _, run = traced.partition("@")
        assert not run or not read.startswith("models.") or read == f"models.{run}"
        key = "models.N" if run and read == f"models.{run}" else read
        pairs.add((f"{stage}@N" if run else stage, key))
    return pairs


def readers(key: str, pairs: set[tuple[str, str]]) -> list[str]:
    """Return the stages that read parameter `key` according to `pairs`."""
    section, name, *_ = names = key.split(".")
    run = name if section == "models" else LAST
    above = [".".join(names[:depth]) for depth in range(1, len(names) + 1)]
    wanted = {"*", *above} | ({"models.N"} if section == "models" else set())
    return sorted({stage.replace("@N", f"@{run}") for stage, read in pairs if read in wanted})


@pytest.fixture(scope="module")
def trace(tiny: Clone) -> list[tuple[str, str]]:
    """Run the pipeline; return (stage, key) for every parameter read and module loaded."""
    tracer = tiny.folder / "src/sitecustomize.py"
    shutil.copy(HERE / "trace_parameters.py", tracer)
    log = tiny.folder.with_name("trace")
    tiny.shell(f"NERVESEG_READS={log} dvc repro")
    tracer.unlink()
    lines = (line.split() for line in log.read_text().splitlines())
    return [(stage, key) for stage, key in lines]


@pytest.mark.slow
def test_every_module_that_a_stage_loads_is_in_its_code_or_exempt(
    tiny: Clone, trace: list[tuple[str, str]]
) -> None:
    code = tiny.folder / "data/.code"
    loaded = {pair for pair in trace if pair[1].startswith("module:")}
    assert len(loaded) > 100
    missing = []
    for stage, key in sorted(loaded):
        name, _, run = stage.partition("@")
        if name == "download":  # depends on no code, so that an edit fetches nothing anew
            continue
        module = Path(*key.removeprefix("module:nerveseg.").split(".")).with_suffix(".py")
        listed = json.loads((code / run / f"{name}.json").read_text())
        package = (tiny.folder / "src/nerveseg" / module.with_suffix("")).is_dir()
        if not (package or exempt(key.removeprefix("module:")) or str(module) in listed):
            missing.append((stage, str(module)))
    assert missing == []


@pytest.mark.slow
def test_every_parameter_runs_exactly_the_stages_that_read_it(
    tiny: Clone, trace: list[tuple[str, str]]
) -> None:
    pairs = reads(trace) | NOT_TRACED
    shutil.copy(ROOT / "params.yaml", tiny.folder / "params.yaml")
    ran = json.loads(tiny.shell(f"python {HERE / 'change_parameters.py'} 2>&1").splitlines()[-1])
    print_table(ran)
    assert ran == {key: readers(key, pairs) for key in KEYS}


def print_table(ran: dict[str, list[str]]) -> None:
    for key, stages in ran.items():
        print(f"{key:34} {' '.join(stages)}")
