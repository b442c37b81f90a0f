"""However often a pipeline is killed, its files and dvc.lock end like those of a twin."""

import json
import os
import random
import re
import signal
import subprocess
import time
from typing import Any, Final

import pytest
from clone import Clone
from ruamel.yaml import YAML

# As in `make repro`, because DVC may have been killed while it wrote its own records.
RECOVER: Final = "python -m nerveseg recover"
KILLED_IN: Final = (
    "pack",
    "train@unet",
    "predict@unet",
    "encode@unet",
    "score@unet",
    "cost@unet",
    "summary",
    "report",
)


def lock(clone: Clone) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(clone.folder / "dvc.lock")
    return found


def costs(clone: Clone) -> dict[str, Any]:
    return {
        path.name: json.loads(path.read_text())
        for path in sorted((clone.folder / "data/costs").iterdir())
    }


def unmeasured(found: dict[str, Any]) -> dict[str, Any]:
    """Return the costs without latencies, the only results that differ from run to run."""
    return {
        name: {key: value for key, value in cost.items() if not key.startswith("latency_")}
        for name, cost in found.items()
    }


def seconds_within(clone: Clone, stage: str) -> float:
    """Run the pipeline up to a stage; return the seconds from the stage's start to DVC's end."""
    process = clone.start("repro", stage)
    wait_for_start(clone, process, stage)
    begun = time.monotonic()
    assert process.wait() == 0, clone.log.read_text()
    return time.monotonic() - begun


def kill_within(clone: Clone, stage: str, delay: float) -> bool:
    """Kill DVC with all its children `delay` seconds after it has begun a stage.

    Returns whether it still ran.
    """
    clone.shell(RECOVER)
    process = clone.start("repro", stage)
    wait_for_start(clone, process, stage)
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    assert process.returncode == 0, clone.log.read_text()
    return False


def wait_for_start(clone: Clone, process: subprocess.Popen[str], stage: str) -> None:
    """Return as soon as DVC has begun a stage."""
    begun = re.compile(f"^Running stage '{stage}'", re.MULTILINE)
    while not begun.search(clone.log.read_text()):
        assert process.poll() is None, clone.log.read_text()
        time.sleep(0.02)


@pytest.mark.slow
def test_a_pipeline_killed_in_every_stage_ends_like_its_undisturbed_twin(tiny: Clone) -> None:
    tiny.set(models={"unet": {"width": 4}}, summary__reference="unet")
    tiny.commit("one run")
    twin = tiny.twin()
    seconds = {stage: seconds_within(twin, stage) for stage in KILLED_IN}
    twin.repro()

    # Shares of what each stage takes here, Python's start included: fixed delays would fall behind
    # the last stage on a fast machine. A busy machine may still let a stage end before its kill.
    moments = random.Random(1)
    kills = [kill_within(tiny, name, moments.random() * seconds[name]) for name in KILLED_IN]
    assert sum(kills) > len(KILLED_IN) / 2
    tiny.shell(RECOVER)
    tiny.repro()
    assert not list(tiny.folder.rglob(".partial-*"))
    assert not list((tiny.folder / "data").rglob("*.tmp"))
    assert unmeasured(costs(tiny)) == unmeasured(costs(twin))

    # With the twin's latencies, the report is the same as well.
    for path in (twin.folder / "data/costs").iterdir():
        output = tiny.folder / "data/costs" / path.name
        output.unlink()
        output.write_bytes(path.read_bytes())
    tiny.dvc("commit", "--force", "cost@unet")
    assert tiny.repro() in ([], ["report"])
    stages, wanted = lock(tiny)["stages"], lock(twin)["stages"]
    assert stages.keys() == wanted.keys()
    for name, stage in stages.items():
        assert stage == wanted[name]
    assert tiny.repro() == []
