"""Every stage ends in one line and exit code 1 if the user or the machine is at fault."""

import ast
import errno
import os
import runpy
import shutil
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from nerveseg.errors import InputError

ROOT = Path(__file__).parents[1]
STAGES = sorted(path.stem for path in (ROOT / "stages").glob("*.py"))
OF_EVERY_RUN = [
    name
    for name, body in YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"].items()
    if "foreach" in body
]
# With the default parameters, decide reads nothing else, and there is no ensemble to read for.
WITHOUT_DATA = ("check", "code", "cost", "decide", "download", "ensemble", "submit")
FAULTS = [
    *(
        OSError(number, os.strerror(number), "data/masks/unet.csv")
        for number in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EIO)
    ),
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)),
    InputError("a.tif: truncated; fetch it again"),
]


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1, said
    return said


@pytest.mark.parametrize("stage", STAGES)
def test_whatever_fails_within_a_stage_is_one_line(
    stage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ROOT / f"stages/{stage}.py"
    tree = ast.parse(path.read_text())
    (main,) = (
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"
    )
    main.body = ast.parse("raise fault").body
    code = compile(tree, str(path), "exec")
    for fault in FAULTS:
        with pytest.raises(SystemExit) as stop:
            exec(code, {"__name__": "__main__", "fault": fault})
        assert stop.value.code == 1
        one_line(capsys)


@pytest.fixture
def run_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> "Run":
    monkeypatch.chdir(tmp_path)
    return Run(monkeypatch, capsys)


class Run:
    """Runs a stage in the working directory, as DVC would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def fails(self, stage: str) -> str:
        """Return the line with which a stage ends."""
        path = str(ROOT / f"stages/{stage}.py")
        arguments = ["unet"] if stage in OF_EVERY_RUN else []
        self._monkeypatch.setattr(sys, "argv", [path, *arguments])
        with pytest.raises(SystemExit) as stop:
            runpy.run_path(path, run_name="__main__")
        assert stop.value.code == 1
        return one_line(self._capsys)


@pytest.mark.parametrize("stage", STAGES)
def test_without_its_inputs_a_stage_names_the_first(stage: str, run_stage: Run) -> None:
    assert run_stage.fails(stage)
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    if stage not in WITHOUT_DATA:
        assert run_stage.fails(stage).startswith("error: data/")


@pytest.mark.parametrize("stage", ["check", "code"])
def test_outputs_that_cannot_be_written_are_named(stage: str, run_stage: Run) -> None:
    for name in ("params.yaml", "dvc.yaml", "stages", "src"):
        Path(name).symlink_to(ROOT / name)
    Path("data").touch()
    assert run_stage.fails(stage).startswith("error: data")
