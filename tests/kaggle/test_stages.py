"""The stages that talk to Kaggle, as DVC runs them: download once, leaderboard only when named."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from server import Kaggle

ROOT = Path(__file__).parents[2]
# Replace the stages between the two by some that write their outputs in a few milliseconds.
PACK = {
    "cmd": "mkdir -p data/packed && printf 'img\\n1\\n2\\n' > data/packed/test.csv",
    "deps": ["data/verified/competition.zip"],
    "outs": ["data/packed/test.csv"],
}
ENCODE = {
    "foreach": ["unet", "rpa_apf"],
    "do": {
        "cmd": "mkdir -p submissions data/scores/${item} && "
        "printf 'img,pixels\\n1,1 40\\n2,\\n' > submissions/${item}.csv && "
        """printf '{"dice": 0.7}' > data/scores/${item}/scores.json""",
        "params": ["encode"],
        "deps": ["data/packed/test.csv"],
        "outs": ["submissions/${item}.csv", "data/scores/${item}/scores.json"],
    },
}


def dvc(*arguments: str, code: int = 0) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        env={**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project of the real download and leaderboard stages, with fake stages between."""
    folder = tmp_path / "project"
    (folder / "leaderboard").mkdir(parents=True)
    monkeypatch.chdir(folder)
    for name in ("src", "stages"):
        Path(name).symlink_to(ROOT / name)
    Path("leaderboard/dvc.yaml").write_bytes((ROOT / "leaderboard/dvc.yaml").read_bytes())
    Path("leaderboard/ready").mkdir()
    yaml = YAML()
    pipeline = yaml.load(ROOT / "dvc.yaml")
    stages = {name: pipeline["stages"][name] for name in ("code", "check", "download")}
    stages |= {"pack": PACK, "encode": ENCODE}
    yaml.dump({"vars": pipeline["vars"], "stages": stages}, Path("dvc.yaml"))
    params = yaml.load(ROOT / "params.yaml")
    params["data"]["source"] = "kaggle"
    params["leaderboard"] = {"runs": ["unet"], "wait": 30}
    yaml.dump(params, Path("params.yaml"))
    dvc("init", "--no-scm", "-q")
    return folder


def test_download_runs_once_and_the_leaderboard_when_named(kaggle: Kaggle) -> None:
    dvc("repro", "pack")
    assert Path("data/verified/competition.zip").read_bytes() == kaggle.archive
    assert not Path("metrics/leaderboard.json").exists()
    assert "PUT" not in kaggle.calls
    downloads = kaggle.calls.count("DownloadDataFiles")

    dvc("repro", "leaderboard/dvc.yaml")
    assert [path.name for path in Path("submissions").glob("*.csv")] == ["unet.csv"]
    metrics = json.loads(dvc("metrics", "show", "--json"))[""]["data"]
    row = metrics["metrics/leaderboard.json"]["data"]["unet"]
    assert (row["public"], row["private"], row["status"]) == (0.5, 0.6, "COMPLETE")

    looks = kaggle.calls.count("ListSubmissions")
    dvc("repro", "leaderboard/dvc.yaml")
    assert kaggle.calls.count("ListSubmissions") > looks
    assert kaggle.calls.count("PUT") == 1
    assert kaggle.calls.count("DownloadDataFiles") == downloads

    yaml = YAML()
    params = yaml.load(Path("params.yaml"))
    params["encode"]["threshold"] = 0.4
    yaml.dump(params, Path("params.yaml"))
    said = dvc("repro", "--single-item", "leaderboard/dvc.yaml", code=255)
    assert "made with encode.threshold = 0.5, which is now 0.4 in params.yaml" in said


@pytest.mark.slow
def test_a_failed_stage_says_one_line_and_keeps_what_arrived(kaggle: Kaggle) -> None:
    kaggle.status["DownloadDataFiles"] = 403
    said = dvc("repro", code=255)
    assert "error: Kaggle refused access" in said
    assert "Traceback" not in said
    kaggle.status.clear()
    kaggle.archive = kaggle.archive[:-100] + bytes(100)  # its table of contents is damaged
    assert "arrived damaged and was removed" in dvc("repro", code=255)
    assert not Path("data/verified/competition.zip").exists()
