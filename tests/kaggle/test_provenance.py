"""A submission's description names revision, parameters, score and file."""

import subprocess
from pathlib import Path

import pytest

from nerveseg.leaderboard.provenance import file_hash, hash_in, message

PARAMS = """
train: {epochs: 1}
models: {unet: {width: 8}, danet: {width: 16}}
leaderboard: {networks: []}
"""


@pytest.fixture(autouse=True)
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    Path("params.yaml").write_text(PARAMS)
    return Path("params.yaml")


def told(network: str = "unet", params: str = PARAMS) -> dict[str, str]:
    Path("params.yaml").write_text(params)
    text = message(network, 0.5, "ab" * 32, Path("params.yaml"))
    return dict(part.split(" ", 1) for part in text.split("; ")[1:])


def git(*arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


def test_the_hash_is_read_back_from_the_description() -> None:
    text = message("unet", 0.73456, "0123456789abcdef" * 4, Path("params.yaml"))
    assert "validation 0.7346" in text
    assert hash_in(text) == "0123456789abcdef"
    assert hash_in("by hand") is None


def test_the_file_hash_is_that_of_sha256sum(tmp_path: Path) -> None:
    Path("a.csv").write_bytes(b"img,pixels\n")
    said = subprocess.run(["sha256sum", "a.csv"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith(file_hash(Path("a.csv")))


def test_the_parameter_hash_follows_what_makes_this_networks_file() -> None:
    before = told()["params"]
    assert told(params=PARAMS.replace("epochs: 1", "epochs: 2"))["params"] != before
    assert told(params=PARAMS.replace("width: 8", "width: 9"))["params"] != before
    assert told("danet")["params"] != before


def test_the_parameter_hash_ignores_other_networks_and_later_stages() -> None:
    before = told()["params"]
    assert told(params=PARAMS.replace("width: 16", "width: 17"))["params"] == before
    assert told(params=PARAMS.replace("[]", "[unet]"))["params"] == before


def test_the_revision_tells_edits_but_not_what_runs_write() -> None:
    assert told()["git"] == "none"
    git("init", "-q")
    written = ["dvc.lock", "leaderboard/dvc.lock", "leaderboard/submissions.json", "metrics/a.json"]
    for name in written:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("before")
    git("add", ".")
    git("commit", "-qm", "first")
    clean = told()["git"]
    assert len(clean) == 10
    for name in written:
        Path(name).write_text("after")
    assert told()["git"] == clean
    assert told(params=f"{PARAMS}\n# edited\n")["git"] == f"{clean}+edits"
