"""What dvc.lock says about how a CSV was made, and whether it still holds.

A description must name the parameters that made the file, not those that params.yaml holds by the
time of the submission. So the parameters are read from dvc.lock, stage by stage from the file back
to the data, and a file that is out of date is refused.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from nerveseg.atomic import PREFIX
from nerveseg.errors import InputError
from nerveseg.models.registry import module_of
from nerveseg.params.ensembles import EnsemblesParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams
from nerveseg.relevant_code import write_fingerprints

CODE: Final = "data/.code/"
MISSING: Final = "nothing"
Stages = dict[str, dict[str, Any]]


class _File(BaseModel):
    path: str
    md5: str = ""


class _Stage(BaseModel):
    deps: list[_File] = []
    outs: list[_File] = []
    params: dict[str, dict[str, Any]] = {}


_STAGES: Final = TypeAdapter(dict[str, _Stage])


def parameters_of(
    file: Path, content: bytes, lock: Path, params: Path, pipeline: Path
) -> dict[str, Any]:
    """Return the parameters that made `file`, dotted key -> value.

    Args:
        file: an output of the pipeline, as dvc.yaml names it.
        content: its bytes.
        lock: dvc.lock.
        params: params.yaml.
        pipeline: dvc.yaml, whose stages reach the code.

    Raises:
        InputError: dvc.lock does not record this content; or it was made from other data, with
            other parameters or by other code than the present.
    """
    stages = _stages(lock)
    makers = {out["path"]: name for name, stage in stages.items() for out in stage["outs"]}
    maker = makers.get(str(file))
    if maker is None:
        raise InputError(f"{file}: {lock} does not say how it was made; run `dvc repro`")
    remedy = f"run `dvc repro {maker}` first"
    if _hashes(stages[maker]["outs"])[str(file)] != _md5(content):
        raise InputError(f"{file}: differs from what the stage {maker} wrote; {remedy}")
    chain = _chain(maker, stages, makers, f"{file}: made from an earlier {{}}; {remedy}")
    found = {key: value for name in chain for key, value in _parameters(stages[name]).items()}
    if said := difference(found, params.read_text(encoding="utf-8")):
        raise InputError(f"{file}: made with {said} in {params}; {remedy}, or restore the value")
    _check_code([stages[name] for name in chain], pipeline, f"{file}: made by other code", remedy)
    return found


def difference(found: Mapping[str, Any], text: str) -> str:
    """Return where the YAML document `text` has other values than `found`; '' if nowhere."""
    document = YAML(typ="safe", pure=True).load(text) or {}
    for key, value in found.items():
        now: Any = document
        for part in key.split("."):
            now = now.get(part, MISSING) if isinstance(now, Mapping) else MISSING
        if now != value:
            return _first_difference(key, value, now)
    return ""


def _first_difference(key: str, before: Any, now: Any) -> str:  # noqa: ANN401
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys([*before, *now]):
            inner = before.get(name, MISSING), now.get(name, MISSING)
            if inner[0] != inner[1]:
                return _first_difference(f"{key}.{name}", *inner)
    return f"{key} = {before}, which is now {now}"


def _stages(lock: Path) -> Stages:
    try:
        document = YAML(typ="safe", pure=True).load(lock)
        return {
            name: stage.model_dump()
            for name, stage in _STAGES.validate_python(document["stages"]).items()
        }
    except FileNotFoundError:
        return {}
    except (YAMLError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{lock}: not readable; run `nerveseg recover`") from error


def _chain(maker: str, stages: Stages, makers: Mapping[str, str], stale: str) -> list[str]:
    """Return the stages that led to the output of `maker`, itself first."""
    chain = [maker]
    for name in chain:  # grows while it is read
        for path, md5 in _hashes(stages[name]["deps"]).items():
            source = makers.get(path)
            if source and _hashes(stages[source]["outs"])[path] != md5:
                raise InputError(stale.format(path))
            sources = [source] if source else list(_makers_inside(path, stages[name], makers))
            if not source and sources and _md5_of_folder(path, stages, makers) != md5:
                raise InputError(stale.format(path))
            chain.extend(each for each in dict.fromkeys(sources) if each not in chain)
    return chain


def _makers_inside(
    folder: str, stage: Mapping[str, Any], makers: Mapping[str, str]
) -> Iterator[str]:
    """Yield the stages that wrote into a folder which `stage` reads as a whole.

    An ensemble reads the maps of all runs, and a run is predicted by all its trainings. dvc.lock
    still lists runs and trainings that have been removed.
    """
    parameters = _parameters(stage)
    runs = [*parameters.get("models", {}), *_named(parameters, "models.")]
    names = parameters.get("trainings", {})
    known = {*runs, *(f"{run}-{name}" for run in runs for name in names)}
    for path, maker in makers.items():
        if path.startswith(f"{folder}/") and maker.partition("@")[2] in known:
            yield maker


def _md5_of_folder(folder: str, stages: Stages, makers: Mapping[str, str]) -> str:
    """Return what DVC records for a folder with the present outputs of the stages.

    Files of stages that have been removed count as DVC counts them, if they are still there.
    """
    made = {
        path.removeprefix(f"{folder}/"): _hashes(stages[maker]["outs"])[path]
        for path, maker in makers.items()
        if path.startswith(f"{folder}/")
    }
    there = {path.relative_to(folder).as_posix(): path for path in _files_in(Path(folder))}
    found = {name: made.get(name) or _md5(path.read_bytes()) for name, path in there.items()}
    entries = [{"md5": md5, "relpath": name} for name, md5 in sorted((found or made).items())]
    return _md5(json.dumps(entries, sort_keys=True).encode()) + ".dir"


def _files_in(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith(PREFIX):
            yield path


def _named(parameters: Mapping[str, Any], section: str) -> list[str]:
    return [key.removeprefix(section) for key in parameters if key.startswith(section)]


def _check_code(chain: list[dict[str, Any]], pipeline: Path, what: str, remedy: str) -> None:
    used = {
        path.removeprefix(CODE): md5
        for stage in chain
        for path, md5 in _hashes(stage["deps"]).items()
        if path.startswith(CODE)
    }
    if not used:
        return
    runs = read("models", ModelsParams).runs()
    networks = {name: module_of(chosen.network) for name, chosen in runs.items()}
    ensembles = read("ensembles", EnsemblesParams).names()
    with tempfile.TemporaryDirectory() as folder:
        write_fingerprints(Path(folder), pipeline, networks, ensembles)
        for path, md5 in used.items():
            now = Path(folder, path)
            if not now.exists() or _md5(now.read_bytes()) != md5:
                stage = Path(path).stem
                raise InputError(f"{what}: that of the stage {stage} has changed since; {remedy}")


def _parameters(stage: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for part in stage["params"].values() for key, value in part.items()}


def _hashes(entries: list[dict[str, Any]]) -> dict[str, str]:
    return {entry["path"]: entry["md5"] for entry in entries}


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
