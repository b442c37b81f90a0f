"""The description of a submission: revision, parameters, score and file; out of date is refused."""

import hashlib
import json
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from project import PARAMS, change_lock, encode, make_project, write_params
from ruamel.yaml import YAML

from nerveseg.errors import InputError
from nerveseg.leaderboard.candidates import Project, describe, find_candidates, hash_in
from nerveseg.leaderboard.lineage import difference, parameters_of


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    make_project()


def described(run: str = "unet") -> dict[str, str]:
    copies = Path("copies")
    copies.mkdir(exist_ok=True)
    (candidate,) = find_candidates([run], copies, Project())
    return dict(part.split(" ", 1) for part in candidate.description.split("; ")[1:])


def refusal(run: str = "unet") -> str:
    with pytest.raises(InputError) as caught:
        described(run)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def parameters(run: str) -> dict[str, Any]:
    file, at = Path(f"submissions/{run}.csv"), Project()
    return parameters_of(file, file.read_bytes(), at.lock, at.params, at.pipeline)


def md5(file: Path) -> str:
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()


def changed(section: str, **values: object) -> dict[str, Any]:
    params = deepcopy(PARAMS)
    params[section] |= values
    return params


def git(*arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


def test_the_hash_is_read_back_from_the_description() -> None:
    text = describe("unet", 0.73456, "0123456789abcdef" * 4, {}, Path("params.yaml"))
    assert "validation 0.7346" in text
    assert hash_in(text) == "0123456789abcdef"
    assert hash_in("by hand") is None


def test_the_file_hash_is_that_of_sha256sum() -> None:
    said = subprocess.run(
        ["sha256sum", "submissions/unet.csv"], capture_output=True, text=True, check=True
    )
    assert described()["sha256"] == said.stdout[:16]


@pytest.mark.parametrize(("section", "stage"), [("train", "train"), ("encode", "encode")])
def test_the_parameter_hash_follows_what_made_this_runs_file(section: str, stage: str) -> None:
    before = described()
    params = changed(section, extra=2)
    lock = YAML(typ="safe", pure=True).load(Path("dvc.lock"))["stages"]
    for run in ("unet", "danet"):
        recorded = lock[f"{stage}@{run}"]
        recorded["params"]["params.yaml"][section] = params[section]
    change_lock(lock)
    write_params(params)
    assert described()["params"] != before["params"]
    assert described()["sha256"] == before["sha256"]
    assert described("danet")["params"] != described()["params"]


def test_the_parameter_hash_ignores_other_runs_and_later_stages() -> None:
    before = described()["params"]
    params = changed("models", danet={"width": 17})
    params["leaderboard"] = {"runs": ["unet"]}
    write_params(params)
    assert described()["params"] == before


def test_a_file_made_with_other_parameters_is_refused_by_name() -> None:
    write_params(changed("train", epochs=2))
    assert refusal() == (
        "submissions/unet.csv: made with train.epochs = 1, which is now 2 in params.yaml; "
        "run `dvc repro encode@unet` first, or restore the value"
    )
    write_params(changed("models", unet={"width": 9}))
    assert "made with models.unet.width = 8, which is now 9" in refusal()
    assert described("danet")


def test_a_file_that_dvc_did_not_write_is_refused() -> None:
    Path("submissions/unet.csv").write_text("img,pixels\n1,7 7\n2,\n")
    assert "submissions/unet.csv: differs from what the stage encode@unet wrote" in refusal()
    Path("dvc.lock").unlink()
    assert "dvc.lock does not say how it was made; run `dvc repro`" in refusal()


def test_an_ensemble_is_described_by_the_parameters_of_its_runs_as_well() -> None:
    for run in ("unet", "danet", "removed"):
        options = {f"models.{run}": PARAMS["models"].get(run, {})}
        out = {"path": f"data/predictions/{run}/test.b2nd", "md5": "1"}
        change_lock({f"predict@{run}": {"params": {"params.yaml": options}, "outs": [out]}})
    Path("submissions/both.csv").write_text("img,pixels\n1,5 40\n2,\n")
    # As DVC records a folder: the hash of a list of its files.
    names = sorted(f"{run}/test.b2nd" for run in ("unet", "danet", "removed"))
    listed = json.dumps([{"md5": "1", "relpath": name} for name in names])
    folder = hashlib.md5(listed.encode()).hexdigest() + ".dir"
    both = {
        "deps": [{"path": "data/predictions", "md5": folder}],
        "params": {"params.yaml": {"models": PARAMS["models"]}},
        "outs": [{"path": "submissions/both.csv", "md5": md5(Path("submissions/both.csv"))}],
    }
    change_lock({"ensemble@both": both})
    assert set(parameters("both")) == {"models", "models.unet", "models.danet"}
    write_params(changed("models", unet={"width": 9}))
    assert "both.csv: made with models.unet.width = 8, which is now 9" in refusal("both")
    out = {"path": "data/predictions/unet/test.b2nd", "md5": "newer"}
    write_params(PARAMS)
    change_lock({"predict@unet": {"params": {"params.yaml": {"models.unet": {}}}, "outs": [out]}})
    assert "both.csv: made from an earlier data/predictions; run `dvc repro e" in refusal("both")


def test_a_file_made_from_earlier_data_is_refused() -> None:
    change_lock({"train@unet": {"outs": [{"path": "data/models/unet/weights", "md5": "1"}]}})
    assert "unet.csv: made from an earlier data/models/unet/weights; run `dvc repro" in refusal()


def test_a_damaged_lock_is_one_line() -> None:
    for content in ("stages: [", "[]", "stages: 5", "stages: {a: 5}"):
        Path("dvc.lock").write_text(content)
        assert refusal() == "dvc.lock: not readable; run `nerveseg recover`"


def test_difference_names_the_innermost_key() -> None:
    assert difference({"a": {"b": {"c": 1, "d": 2}}}, "a: {b: {c: 1, d: 3}}") == (
        "a.b.d = 2, which is now 3"
    )
    assert difference({"a.b": {"c": 1}}, "a: {b: {c: 1, e: 1}}") == (
        "a.b.e = nothing, which is now 1"
    )
    assert difference({"a.b": 1}, "") == "a.b = 1, which is now nothing"
    assert difference({"a.b": 1, "c": [1, 2]}, "a: {b: 1}\nc: [1, 2]") == ""


def test_the_revision_shows_edits_that_can_change_the_file_and_no_others() -> None:
    assert described()["git"] == "none"
    git("init", "-q")
    for name in ("dvc.yaml", "README.md"):
        Path(name).write_text("before")
    git("add", ".")
    git("commit", "-qm", "first")
    clean = described()["git"]
    assert len(clean) == 10
    Path("README.md").write_text("after")
    write_params(changed("leaderboard", runs=["unet"]))
    assert described()["git"] == clean
    Path("dvc.yaml").write_text("after")
    assert described()["git"] == f"{clean}+edits"


def test_parameters_that_are_not_committed_are_edits() -> None:
    git("init", "-q")
    write_params(changed("train", epochs=5))
    git("add", ".")
    git("commit", "-qm", "first")
    write_params(PARAMS)
    encode("unet", "img,pixels\n1,\n2,\n")
    assert described()["git"].endswith("+edits")
