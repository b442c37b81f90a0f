"""Train all networks at full width and rank them: the pipeline's own stages, without DVC.

python -m benchmarks.ranking FOLDER trains on a larger simulated competition, or on data/packed,
data/verified and data/split.csv if FOLDER holds them. Each stage runs as DVC would run it. While
one network trains, the stages predict, decide, encode and score run for the previous one. The
results so far are written to FOLDER/ranking.json after each network.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import torch
from ruamel.yaml import YAML

ROOT: Final = Path(__file__).parents[1]
# From the cheapest to the most expensive: a time limit skips the most expensive ones.
ORDER: Final = (
    "baseline",
    "baseline_rpa",
    "cenet",
    "cpfnet",
    "baseline_apf",
    "rpa_apf",
    "danet",
    "unetpp",
    "unet",
    "attention_unet",
)
SIMULATED: Final = {
    "train_subjects": 70,
    "train_frames": 18,
    "test_subjects": 30,
    "test_frames": 18,
}


def main() -> None:
    """Prepare the folder, train and score every network, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--networks", nargs="*", default=ORDER)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--width", type=int, help="for a trial on a small machine")
    parser.add_argument("--small", action="store_true", help="few frames, for a trial")
    parser.add_argument(
        "--limit", type=float, default=500, help="seconds after which no further network is started"
    )
    options = parser.parse_args()
    begun = time.monotonic()
    options.folder.mkdir(parents=True, exist_ok=True)
    params = _prepare(options)
    _stages(options.folder, "code")
    if not (options.folder / "data/packed").exists():
        _stages(options.folder, "download", "pack")
    if not (options.folder / "data/split.csv").exists():
        _stages(options.folder, "audit", "split")
    behind: list[subprocess.Popen[bytes]] = []
    seconds: dict[str, float] = {}
    for network in options.networks:
        if time.monotonic() - begun > options.limit:
            break
        start = time.monotonic()
        if _run(options.folder, [f"stages/train.py {network}"]).wait() == 0:
            seconds[network] = time.monotonic() - start
            after = ("predict", "decide", "encode", "score")
            rest = [f"stages/{stage}.py {network}" for stage in after]
            behind.append(_run(options.folder, rest))
        _write(options, params, seconds)
    for process in behind:
        process.wait()
    _write(options, params, seconds)


def _prepare(options: argparse.Namespace) -> dict[str, Any]:
    shutil.copytree(ROOT / "stages", options.folder / "stages", dirs_exist_ok=True)
    shutil.copy(ROOT / "dvc.yaml", options.folder)
    yaml = YAML()
    params: dict[str, Any] = yaml.load(ROOT / "params.yaml")
    few = {"train_subjects": 6, "train_frames": 4, "test_subjects": 2, "test_frames": 4}
    params["data"]["simulated"].update(few if options.small else SIMULATED)
    params["pack"]["shape"] = [options.size, options.size]
    params["train"].update(epochs=options.epochs, learning_rate=options.rate)
    for choices in params["models"].values():
        choices.pop("width", None)
        if options.width:
            choices["width"] = options.width
    yaml.dump(params, options.folder / "params.yaml")
    return params


def _stages(folder: Path, *names: str) -> None:
    if _run(folder, [f"stages/{name}.py" for name in names]).wait():
        sys.exit(f"one of {', '.join(names)} failed")


def _run(folder: Path, scripts: Sequence[str]) -> subprocess.Popen[bytes]:
    """Run the scripts in order until one fails."""
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    line = " && ".join(f"{sys.executable} {script}" for script in scripts)
    return subprocess.Popen(["sh", "-c", line], cwd=folder, env={**os.environ, "PYTHONPATH": path})


def _write(options: argparse.Namespace, params: dict[str, Any], seconds: dict[str, float]) -> None:
    scores = {
        network: json.loads(path.read_text())
        for network in options.networks
        if (path := options.folder / f"data/scores/{network}/scores.json").exists()
    }
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor()
    record = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": f"python -m benchmarks.ranking {' '.join(sys.argv[1:])}",
        "machine": {"device": gpu, "torch": torch.__version__},
        "params": {name: params[name] for name in ("data", "pack", "models", "train", "predict")},
        "training_seconds": seconds,
        "scores": scores,
    }
    (options.folder / "ranking.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
