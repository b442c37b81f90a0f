"""The description of a submission names revision, parameters, score and file."""

import subprocess
from pathlib import Path

import pytest

from nerveseg.leaderboard.candidates import describe, file_hash, hash_in

PARAMS = """
train: {epochs: 1}
models: {unet: {width: 8}, danet: {width: 16}}
leaderboard: {runs: []}
"""


@pytest.fixture(autouse=True)
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    Path("params.yaml").write_text(PARAMS)
    return Path("params.yaml")


def described(run: str = "unet", params: str = PARAMS) -> dict[str, str]:
    Path("params.yaml").write_text(params)
    text = describe(run, 0.5, "ab" * 32, Path("params.yaml"))
    return dict(part.split(" ", 1) for part in text.split("; ")[1:])


def git(*arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


def test_the_hash_is_read_back_from_the_description() -> None:
    text = describe("unet", 0.73456, "0123456789abcdef" * 4, Path("params.yaml"))
    assert "validation 0.7346" in text
    assert hash_in(text) == "0123456789abcdef"
    assert hash_in("by hand") is None


def test_the_file_hash_is_that_of_sha256sum(tmp_path: Path) -> None:
    Path("a.csv").write_bytes(b"img,pixels\n")
    said = subprocess.run(["sha256sum", "a.csv"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith(file_hash(Path("a.csv")))


def test_the_parameter_hash_follows_what_makes_this_runs_file() -> None:
    before = described()["params"]
    assert described(params=PARAMS.replace("epochs: 1", "epochs: 2"))["params"] != before
    assert described(params=PARAMS.replace("width: 8", "width: 9"))["params"] != before
    assert described("danet")["params"] != before


def test_the_parameter_hash_ignores_other_runs_and_later_stages() -> None:
    before = described()["params"]
    assert described(params=PARAMS.replace("width: 16", "width: 17"))["params"] == before
    assert described(params=PARAMS.replace("[]", "[unet]"))["params"] == before


def test_the_revision_shows_edits_but_not_what_stages_write() -> None:
    assert described()["git"] == "none"
    git("init", "-q")
    written = ["dvc.lock", "leaderboard/dvc.lock", "leaderboard/submissions.json", "metrics/a.json"]
    for name in written:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("before")
    git("add", ".")
    git("commit", "-qm", "first")
    clean = described()["git"]
    assert len(clean) == 10
    for name in written:
        Path(name).write_text("after")
    assert described()["git"] == clean
    assert described(params=f"{PARAMS}\n# edited\n")["git"] == f"{clean}+edits"
