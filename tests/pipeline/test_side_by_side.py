"""Runs made side by side come out as those of one `dvc repro`, bit for bit."""

from typing import Any

import pytest
from clone import Clone
from ruamel.yaml import YAML

pytestmark = pytest.mark.slow

MEASURED = ("cost@", "report")  # they hold times


def recorded(clone: Clone) -> dict[str, Any]:
    stages = YAML(typ="safe", pure=True).load(clone.folder / "dvc.lock")["stages"]
    return {name: stage for name, stage in stages.items() if not name.startswith(MEASURED)}


def test_runs_side_by_side_give_the_results_of_dvc_repro(tiny: Clone) -> None:
    said = tiny.shell("PYTHONPATH=src python -m nerveseg repro --jobs 3")
    together = recorded(tiny)
    assert {f"train@{run}" for run in ("unet", "rpa_apf", "wider")} < together.keys()
    # Those of the first run end after those of the second have begun.
    begun = said.index("Running stage 'train@rpa_apf'")
    assert begun < said.index("Running stage 'score@unet'")
    assert tiny.repro() == []
    assert "train@unet" in tiny.repro("--force")
    assert recorded(tiny) == together
