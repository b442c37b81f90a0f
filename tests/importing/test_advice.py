"""The contact sheet and the command that an import ends with."""

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from dvc.utils.hydra import apply_overrides
from hypothesis import example, given
from hypothesis import strategies as st
from own_images import COMMAND, rectangle, run, save, tree, write_folder
from PIL import Image
from ruamel.yaml import YAML

from nerveseg.cli import main as cli
from nerveseg.data.archive import Competition
from nerveseg.errors import InputError
from nerveseg.importing import advice


def test_a_dry_run_draws_the_sheet_alone(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(tree(tmp_path))
    run(folder, tmp_path / "out", *COMMAND, "--dry-run")
    assert set(tree(tmp_path)) - set(before) == {"out-sheet.png"}
    assert "nothing else was written" in capsys.readouterr().out
    sheet = np.asarray(Image.open(tmp_path / "out-sheet.png"))
    assert sheet.shape == (2 * (222 + 24), 4 * 302, 3)
    # Each subject's first frame has a nerve and is outlined; the others have none.
    outlined = np.equal(sheet, (255, 210, 40)).all(axis=2)
    assert outlined[:246].any()
    assert not outlined[246:].any()


def test_the_command_it_prints_names_parameters_that_suit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(tmp_path / "own", ("anna", "bob", "cy"))
    for path in folder.glob("*_1_mask.png"):
        save(path, rectangle(50, 60, 10, 20) * np.uint8(255))
    run(folder, tmp_path / "out")
    printed = capsys.readouterr().out.splitlines()
    assert printed[:2] == [
        "train: 4 frames of 2 subjects, 2 with a mask",
        "test: 2 frames of 1 subject, 1 with a mask",
    ]
    # A mask of 10 x 20 pixels has 20 x 40 in the frame; half of these are 400.
    assert re.findall(r"-S (\S+?)=(\S+)", printed[-1])[-3:] == [
        ("split.folds", "2"),
        ("encode.min_blob", "400"),
        ("encode.min_total", "400"),
    ]


def test_train_on_imports_and_runs_the_pipeline(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["train-on", "own", *COMMAND, "--set", "train.epochs=1"]
    with pytest.raises(InputError, match=r"no dvc\.yaml here"):
        cli.call(arguments)
    assert not (tmp_path / "own-archive").exists()
    (tmp_path / "dvc.yaml").touch()
    ran: list[list[str]] = []

    def ends_with_3(words: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        ran.append(words)
        return subprocess.CompletedProcess(words, 3)

    monkeypatch.setattr(subprocess, "run", ends_with_3)
    with pytest.raises(SystemExit) as end:
        cli.call(arguments)
    assert end.value.code == 3
    own = tmp_path / "own-archive"
    assert ran == [[sys.executable, "-m", "dvc", "exp", "run", *ran[0][5:]]]
    assert ran[0][5::2] == ["-S"] * 5
    assert ran[0][6::2] == [
        "data.source=archive",
        f"data.archive={own}/archive",
        f"data.solution={own}/solution.csv",
        "split.folds=3",
        "train.epochs=1",
    ]
    with Competition(own / "archive") as competition:
        competition.verify()


def test_parameters_that_dvc_refuses_leave_the_import_and_name_the_command(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").touch()
    monkeypatch.setattr(
        subprocess, "run", lambda words, check: subprocess.CompletedProcess(words, 255)
    )
    with pytest.raises(InputError, match=r"own-archive is complete, .* run: dvc exp run -S .* a=1"):
        cli.call(["train-on", "own", *COMMAND, "--set", "a=1"])
    assert (tmp_path / "own-archive/archive").exists()


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1))
@example("1")
@example("a b/c")
@example("it's\\")
@example("\\'")
@example("null")
@example("true")
def test_the_printed_command_names_the_folder_whatever_its_name(name: str) -> None:
    words = shlex.split(advice.command({"data.archive": name}))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "params.yaml"
        path.write_text("data:\n  archive: null\n")
        apply_overrides(path, words[-1:])
        found = YAML().load(path)["data"]["archive"]
    assert found == name
