"""The stages download, pack, audit and split as commands."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

from nerveseg.data.packed import Packed
from nerveseg.data.split_table import read_split, rows_of

Section = dict[str, object]
STAGES = Path(__file__).parents[2] / "stages"
SPLIT = {"protocol": "subject", "folds": 3, "fold": 1, "seed": 1, "drop_contradictions": False}
AUDIT: Section = {"blocks": 8, "bandwidth": 1.0, "agreement": 0.7, "least_similarity": 0.85}


def run(stage: str, folder: Path, **sections: Section) -> str:
    """Run a stage in `folder`; return its stderr, which is empty if it succeeded."""
    (folder / "params.yaml").write_text(json.dumps(sections))  # JSON is YAML
    command = [sys.executable, str(STAGES / f"{stage}.py")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (done.stderr == ""), done.stderr
    assert done.returncode in (0, 1)
    return done.stderr


def data(**changed: object) -> Section:
    kaggle = {"competition": "slug"}
    section = {"source": "archive", "archive": None, "solution": None}
    return {**section, "simulated": tiny.SIMULATED, "kaggle": kaggle, **changed}


def test_an_archive_goes_all_the_way(pristine: Path, tmp_path: Path) -> None:
    archive = tiny.zip_folder(pristine, tmp_path / "mine.zip")
    assert run("download", tmp_path, data=data(archive=str(archive))) == ""
    assert run("pack", tmp_path, pack={"shape": [64, 96]}) == ""
    assert run("audit", tmp_path, audit=AUDIT) == ""
    settings = {**SPLIT, "drop_contradictions": True}
    assert run("split", tmp_path, split=settings, trainings={}) == ""
    packed = Packed.open(tmp_path / "data/packed")
    assert packed.train_images.shape == (9, 64, 96)
    rows = read_split(tmp_path / "data/split.csv")
    assert [row[:2] for row in rows] == [record[:2] for record in packed.train]
    assert rows_of(rows, "valid").size == 3
    further: Section = {"other": {"fold": 0, "seed": 1}}
    assert run("split", tmp_path, split=settings, trainings=further) == ""
    rows = read_split(tmp_path / "data/split.csv")
    assert {row.fold for row in rows if row.part == "valid"} == {0, 1}
    assert (tmp_path / "data/verified/solution.csv").read_text() == "img,pixels,Usage\n"


def test_bad_input_ends_in_one_line_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    (folder / "train/1_1_mask.tif").unlink()
    error = run("download", tmp_path, data=data(archive=str(folder)))
    assert error == (
        f"error: {folder}: train/1_1_mask.tif: missing, but its image is present; add the mask\n"
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("stage", "section", "settings", "key"),
    [
        ("download", "data", data(source="ftp"), "data.source"),
        ("download", "data", data(), "set data.archive"),
        ("download", "data", data(arhive="a.zip"), "data.arhive"),
        ("download", "data", data(source="simulated", my_source={"a": 1}), "data.my_source"),
        ("download", "data", data(simulated={**tiny.SIMULATED, "seed": -1}), "simulated.seed"),
        ("pack", "pack", {"shape": [512]}, "pack.shape"),
        ("pack", "pack", {"shape": [512, 4]}, "pack.shape.1"),
        ("split", "split", {**SPLIT, "fold": 3}, "the last"),
        ("split", "split", {**SPLIT, "protocol": "frame"}, "protocol"),
    ],
)
def test_an_impossible_setting_is_named(
    stage: str, section: str, settings: Section, key: str, tmp_path: Path
) -> None:
    error = run(stage, tmp_path, **{section: settings})
    assert error.startswith("error: params.yaml: ")
    assert error.count("\n") == 1
    assert key in error
    assert not (tmp_path / "data").exists()
