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
KILLED_IN: Final = ("pack", "train@", "predict@", "encode@", "score@", "cost@", "summary", "report")


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


def kill_within(clone: Clone, stage: str, delay: float) -> bool:
    """Kill `dvc repro` with all its children `delay` seconds after it has begun a stage."""
    clone.shell(RECOVER)
    process = clone.start("repro")
    begun = re.compile(f"^Running stage '{stage}", re.MULTILINE)
    while process.poll() is None and not begun.search(clone.log.read_text()):
        time.sleep(0.02)
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    assert process.returncode == 0, clone.log.read_text()
    return False


@pytest.mark.slow
def test_a_pipeline_killed_in_every_stage_ends_like_its_undisturbed_twin(tiny: Clone) -> None:
    tiny.set(models={"unet": {"width": 4}}, summary__reference="unet")
    tiny.commit("one run")
    twin = tiny.twin()
    twin.repro()

    moments = random.Random(1)
    # Python takes seconds to start and a file is written in no time: the delays reach from the
    # start of the stage to the start of the next one.
    kills = [kill_within(tiny, stage, moments.uniform(0.1, 6)) for stage in KILLED_IN]
    assert sum(kills) >= len(KILLED_IN) - 1
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
