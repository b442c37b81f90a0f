"""Changes every parameter, one after the other; prints the stages that `dvc repro` then runs.

Call it in a project whose stages' commands are `stubbed`. The stubs write the same outputs every
time, so a stage only runs because of its own parameters.
"""

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from dvc.repo import Repo
from ruamel.yaml import YAML

RAN: Final = Path(".dvc/tmp/ran")
KEY: Final = "${key}"


def stubbed(pipeline: dict[str, Any]) -> None:
    """Replace each stage's command by one that logs the stage and writes its outputs."""
    for name, stage in pipeline["stages"].items():
        label, stage = (f"{name}@{KEY}", stage["do"]) if "foreach" in stage else (name, stage)
        outs = [stage.get(kind, []) for kind in ("outs", "metrics", "plots")]
        paths = [out if isinstance(out, str) else next(iter(out)) for kind in outs for out in kind]
        # The stage `code` keeps its command: its files depend on the runs, and it is quick.
        written = [stage["cmd"]] if name == "code" else map(_written, paths)
        words = [f"echo {label} >> {RAN}", *written]
        stage["cmd"] = " && ".join(words)


def _written(path: str) -> str:
    file = path if Path(path).suffix else f"{path}/file"
    return f"mkdir -p {os.path.dirname(file)} && echo 1 > {file}"  # noqa: PTH120


def leaves(value: object, *key: str) -> Iterator[tuple[str, ...]]:
    """Yield the key of every parameter; a list is one parameter."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, *key, name)
    else:
        yield key


def main() -> None:
    """Print the keys and their stages as JSON."""
    yaml = YAML()
    pipeline = yaml.load(Path("dvc.yaml"))
    stubbed(pipeline)
    yaml.dump(pipeline, Path("dvc.yaml"))
    params = yaml.load(Path("params.yaml"))
    runs = dict(params["models"])
    table: dict[str, list[str]] = {}
    # A single run, because DVC checks all stages after every change.
    for name, options in runs.items():
        params["models"] = {name: options}
        table |= _changed(params, [("models", *key) for key in leaves(params["models"])])
    others = [key for key in leaves(params) if key[0] != "models"]
    print(json.dumps(table | _changed(params, others)))


def _changed(params: dict[str, Any], keys: list[tuple[str, ...]]) -> dict[str, list[str]]:
    Path("dvc.lock").unlink(missing_ok=True)  # DVC writes it anew after every stage
    _ran(params)
    table = {}
    for key in keys:
        section: Any = params
        for name in key[:-1]:
            section = section[name]
        value = section[key[-1]]
        # A list stays a list: leaderboard/dvc.yaml has a stage for each of leaderboard.runs.
        section[key[-1]] = [*value, "another"] if isinstance(value, list) else f"not {value}"
        table[".".join(key)] = _ran(params)
    return table


def _ran(params: dict[str, Any]) -> list[str]:
    YAML().dump(params, Path("params.yaml"))
    RAN.write_text("")
    with Repo(".") as repo:
        repo.reproduce()
    return sorted(shlex.split(RAN.read_text()))


if __name__ == "__main__":
    main()
