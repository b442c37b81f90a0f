"""The stage that measures the cost of a network."""

import json
import os
import subprocess
import sys
from pathlib import Path

import small_run
from ruamel.yaml import YAML


def measure(root: Path, run: str) -> subprocess.CompletedProcess[str]:
    yaml = YAML()
    params = yaml.load(small_run.REPOSITORY / "params.yaml")
    params["cost"]["side"] = 64
    params["models"] = {"unet": {"width": 8}}
    yaml.dump(params, root / "params.yaml")
    settings = os.environ | {"PYTHONPATH": str(small_run.REPOSITORY / "src")}
    command = [sys.executable, str(small_run.REPOSITORY / "stages/cost.py"), run]
    return subprocess.run(command, cwd=root, env=settings, capture_output=True, text=True)


def test_cost_of_a_small_unet(tmp_path: Path) -> None:
    done = measure(tmp_path, "unet")
    assert done.returncode == 0, done.stderr
    cost = json.loads((tmp_path / "data/costs/unet.json").read_text())
    # A U-Net's weights grow with the square of its width; width 64 has 34.5 million without biases.
    assert 34.5e6 / 64 * 0.95 < cost["parameters"] < 34.5e6 / 64 * 1.05
    # 65.35 GMACs at width 64 and 256 x 256: an eighth of the width and a quarter of the side.
    assert 65.35 / 64 / 16 * 0.9 < cost["gmacs"] < 65.35 / 64 / 16 * 1.1
    assert 0 < cost["latency_low_ms"] <= cost["latency_ms"] <= cost["latency_high_ms"]
    relative = [cost[f"latency_relative{end}"] for end in ("_low", "", "_high")]
    assert relative == sorted(relative)
    assert cost["latency_repeats"] >= 5
    assert cost["size"] == 64


def test_cost_of_an_unknown_run_is_a_one_line_error(tmp_path: Path) -> None:
    done = measure(tmp_path, "nope")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "nope" in done.stderr
