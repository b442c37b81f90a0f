"""Which combinations a comparison consists of, read from a YAML file such as settings.yaml."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks import plain_loop
from pydantic import Field
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from nerveseg.errors import InputError
from nerveseg.params import data, ensembles, predict, results, train
from nerveseg.params.section import PARAMS_FILE, Section, validated

ROOT: Final = Path(__file__).parents[2]
PLAIN: Final = "plain loop"
"""The setting of the plain loop, which reads hardly any parameter that settings change."""
SECTIONS: Final[Mapping[str, type[Section]]] = {
    "data": data.DataParams,
    "pack": data.PackParams,
    "audit": data.AuditParams,
    "split": data.SplitParams,
    "models": train.ModelsParams,
    "train": train.TrainParams,
    "predict": predict.PredictParams,
    "ensembles": ensembles.EnsemblesParams,
    "decide": results.DecideParams,
    "encode": results.EncodeParams,
    "score": results.ScoreParams,
}
"""Sections checked before anything runs."""
OPEN: Final = ("models", "data", "train.losses")
"""Mappings in which a plan may add keys."""

Overrides = dict[str, Any]


class Document(Section):
    """The file of a comparison.

    Attributes:
        datasets: name -> parameters that differ from params.yaml, by dotted keys.
        runs: keys of `models` in params.yaml, or new ones, with options that differ. `plain_loop`
            is the loop of `benchmarks.plain_loop`, which has the same epochs and seeds.
        seeds: values of train.seed.
        folds: values of split.fold; the validation scores are over all of them together.
        params: parameters that differ from params.yaml in all combinations.
        settings: name -> parameters that differ; the first is the reference. What a setting says
            precedes what its data set says, and that precedes `params`.
    """

    datasets: dict[str, Overrides] = Field(default={"simulated": {}}, min_length=1)
    runs: dict[str, Overrides] = Field(min_length=1)
    seeds: list[int] = Field(default=[1], min_length=1)
    folds: list[int] = Field(default=[0], min_length=1)
    params: Overrides = Field(default={})
    settings: dict[str, Overrides] = Field(min_length=1)


class Name(NamedTuple):
    """Which combination: the names of its data set, run and setting, its seed and its fold."""

    dataset: str
    run: str
    setting: str
    seed: int
    fold: int

    def __str__(self) -> str:
        """Return the name in words."""
        return f"{self.dataset}, {self.run}, {self.setting}, seed {self.seed}, fold {self.fold}"


@dataclass(frozen=True)
class Plan:
    """A comparison: its file, and the parameters of every combination.

    Attributes:
        document: the file.
        combinations: name -> all parameters, as in params.yaml. A seed comes after all other
            combinations of the previous one, so that an unfinished comparison is a fair one.
    """

    document: Document
    combinations: dict[Name, dict[str, Any]]

    @property
    def reference(self) -> str:
        """The setting that every other setting is compared with."""
        return next(iter(self.document.settings))


def read_plan(path: Path) -> Plan:
    """Return the comparison of the file at `path`.

    Raises:
        InputError: the file is unreadable, or a key or value is impossible.
    """
    document = validated(read_yaml(path, "settings"), "comparison", Document, path)
    if PLAIN in document.settings:
        raise InputError(f"{path}: settings: '{PLAIN}' is a name of its own; choose another")
    base = YAML(typ="safe", pure=True).load(ROOT / PARAMS_FILE)
    known = set(base["models"])
    combinations = {name: _parameters(base, document, name, path) for name in _names(document)}
    for run in document.runs:
        options = document.runs[run]
        if run not in known and run != plain_loop.NAME and "network" not in options:
            raise InputError(f"{path}: runs.{run}: not a run of params.yaml; add its `network`")
    return Plan(document, combinations)


def read_yaml(path: Path, example: str) -> Overrides:
    """Return the mapping in a YAML file.

    Args:
        path: the file.
        example: name of the plan in this folder's parent that shows what the file may hold.

    Raises:
        InputError: the file is unreadable or holds no mapping.
    """
    try:
        read = YAML(typ="safe", pure=True).load(path)
    except (OSError, YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as YAML ({error}); correct it") from error
    if not isinstance(read, dict):
        raise InputError(f"{path}: not a plan; see benchmarks/{example}.yaml for an example")
    return read


def _names(document: Document) -> Iterator[Name]:
    for seed, fold, dataset, run in product(
        document.seeds, document.folds, document.datasets, document.runs
    ):
        for setting in [PLAIN] if run == plain_loop.NAME else document.settings:
            yield Name(dataset, run, setting, seed, fold)


def _parameters(base: Overrides, document: Document, name: Name, path: Path) -> Overrides:
    params = deepcopy(base)
    params["models"].setdefault(name.run, {}).update(document.runs[name.run])
    for where, changes in (
        ("params", document.params),
        (f"datasets.{name.dataset}", document.datasets[name.dataset]),
        (f"settings.{name.setting}", document.settings.get(name.setting, {})),
    ):
        for key, value in changes.items():
            set_parameter(params, key, value, f"{path}: {where}")
    params["train"]["seed"], params["split"]["fold"] = name.seed, name.fold
    params["trainings"] = {}
    if name.run == plain_loop.NAME:
        params["encode"].update(plain_loop.RULES)
    absolute_files(params)
    for section, kind in SECTIONS.items():
        validated(params[section], section, kind, Path(f"{path} ({name})"))
    return params


def absolute_files(params: Overrides) -> None:
    """Make paths of the user's data, relative to the current folder, absolute."""
    for key in ("archive", "solution"):
        if params["data"][key] is not None:
            params["data"][key] = str(Path(params["data"][key]).absolute())


def set_parameter(params: Overrides, key: str, value: object, where: str) -> None:
    """Set the parameter with the dotted `key`.

    Raises:
        InputError: there is no such parameter, which the message says after `where`.
    """
    parent, _, last = key.rpartition(".")
    inner: Any = params
    for part in filter(None, parent.split(".")):
        inner = inner.get(part) if isinstance(inner, dict) else None
    may_add = any(f"{parent}.".startswith(f"{each}.") for each in OPEN)
    if not isinstance(inner, dict) or (last not in inner and not may_add):
        raise InputError(f"{where}: there is no parameter '{key}'; params.yaml lists them")
    inner[last] = value
