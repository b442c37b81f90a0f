"""A project in the working directory whose runs have been encoded and scored, and its dvc.lock."""

import hashlib
import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

DICE = {"unet": 0.61, "rpa_apf": 0.7342, "danet": 0.65}
PARAMS: dict[str, Any] = {
    "data": {"source": "kaggle"},
    "train": {"epochs": 1, "losses": {"dice": 1, "cross_entropy": 1}},
    "models": {"unet": {"width": 8}, "rpa_apf": {}, "danet": {"width": 16}},
    "encode": {"threshold": 0.3},
    "leaderboard": {"runs": []},
}


def make_project() -> None:
    """Write params.yaml, the CSVs, the scores and dvc.lock."""
    Path("data/packed").mkdir(parents=True)
    Path("data/packed/test.csv").write_text("img\n1\n2\n")
    write_params(PARAMS)
    for start, (run, dice) in enumerate(DICE.items(), 1):
        encode(run, f"img,pixels\n1,{start} 40\n2,\n")
        scores = Path(f"data/scores/{run}/scores.json")
        scores.parent.mkdir(parents=True)
        scores.write_text(json.dumps({"dice": dice}))


def write_params(params: dict[str, Any]) -> None:
    """Write params.yaml and nothing else, as an edit would."""
    YAML(typ="safe", pure=True).dump(params, Path("params.yaml"))


def encode(run: str, content: str) -> None:
    """Write the CSV of a run and record in dvc.lock that train and encode made it."""
    file = Path(f"submissions/{run}.csv")
    file.parent.mkdir(exist_ok=True)
    file.write_text(content)
    weights = {"path": f"data/models/{run}/weights", "md5": "0" * 32}
    digest = hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()
    change_lock(
        {
            f"train@{run}": {
                "params": {
                    "params.yaml": {
                        "train": PARAMS["train"],
                        f"models.{run}": PARAMS["models"][run],
                    }
                },
                "outs": [weights],
            },
            f"encode@{run}": {
                "deps": [weights],
                "params": {"params.yaml": {"encode": PARAMS["encode"]}},
                "outs": [{"path": str(file), "md5": digest}],
            },
        }
    )


def change_lock(stages: dict[str, Any]) -> None:
    """Replace these stages in dvc.lock."""
    yaml, path = YAML(typ="safe", pure=True), Path("dvc.lock")
    lock: dict[str, Any] = yaml.load(path) if path.exists() else {"stages": {}}
    lock["stages"] |= stages
    yaml.dump(lock, path)
