"""On a disk that takes no byte, every stage ends in one line and leaves all files as they were."""

from pathlib import Path

import pytest
from clone import Clone
from ruamel.yaml import YAML

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def commands() -> list[str]:
    stages = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
    return [
        f"stages/{name}.py unet" if "foreach" in body else f"stages/{name}.py"
        for name, body in stages.items()
        if "matrix" not in body  # the further trainings execute the file of the first one
    ]


@pytest.fixture(scope="module")
def finished(tiny: Clone) -> Clone:
    """Return a clone whose pipeline has run."""
    tiny.set(models={"unet": {"width": 4}}, summary__reference="unet")
    tiny.commit("one run")
    tiny.repro()
    return tiny


def files(clone: Clone) -> dict[Path, bytes]:
    folders = ("data", "metrics", "submissions", "report")
    paths = [path for name in folders for path in sorted((clone.folder / name).rglob("*"))]
    return {path: path.read_bytes() for path in paths if path.is_file()}


@pytest.mark.parametrize("command", commands())
def test_a_full_disk_and_no_output_are_one_line(finished: Clone, command: str) -> None:
    before = files(finished)
    # A limit of no bytes on the size of files acts like a full disk on everything that writes.
    said = finished.fails(f"ulimit -f 0; PYTHONPATH=src exec python {command} >&-")
    lines = [line for line in said.splitlines() if not line.startswith("warning: ")]
    assert len([line for line in lines if line.startswith("error: ")]) == 1, said
    assert "Traceback" not in said
    assert files(finished) == before


@pytest.mark.parametrize("command", ["stages/train.py unet", "stages/predict.py unet"])
@pytest.mark.parametrize("variable", ["NERVESEG_DEVICE=meta", "NERVESEG_DEVICE=hpu"])
def test_an_odd_device_is_one_line(finished: Clone, command: str, variable: str) -> None:
    said = finished.fails(f"PYTHONPATH=src {variable} exec python {command}")
    assert said.startswith("error: NERVESEG_DEVICE: ")
    assert said.count("\n") == 1
