"""The rungs of a ladder, read from a YAML file such as ladder_simulated.yaml."""

from copy import deepcopy
from pathlib import Path
from typing import Final, Literal, NamedTuple

from benchmarks.settings.plan import (
    ROOT,
    Overrides,
    absolute_files,
    read_yaml,
    set_parameter,
)
from pydantic import Field

from nerveseg.errors import InputError
from nerveseg.params.section import PARAMS_FILE, Section, validated
from nerveseg.preflight import SECTIONS

FIXED: Final = ("data", "pack")
"""Sections of the frames, which all rungs share."""


class Document(Section):
    """The file of a ladder.

    Attributes:
        subjects: where the subjects of test frames are found, which a competition does not
            publish: in the simulator, or by how alike frames look.
        models: the runs, instead of those in params.yaml.
        params: parameters that differ from params.yaml on all rungs, by dotted keys.
        rungs: name -> parameters that this rung and all above it change.
    """

    subjects: Literal["simulator", "alike"]
    models: dict[str, Overrides] = Field(min_length=1)
    params: Overrides = Field(default={})
    rungs: dict[str, Overrides] = Field(min_length=2)


class Plan(NamedTuple):
    """A ladder: its file, and the parameters of each rung.

    Attributes:
        document: the file.
        rungs: name -> all parameters, as in params.yaml.
    """

    document: Document
    rungs: dict[str, Overrides]


def read_plan(path: Path) -> Plan:
    """Return the ladder of the file at `path`.

    Raises:
        InputError: the file is unreadable, or a key or value is impossible.
    """
    document = validated(read_yaml(path, "ladder/ladder_simulated"), "ladder", Document, path)
    params: Overrides = read_yaml(ROOT / PARAMS_FILE, "params")
    params["models"] = document.models
    for key, value in document.params.items():
        set_parameter(params, key, value, f"{path}: params")
    absolute_files(params)
    if params["data"]["source"] != "simulated" and params["data"]["solution"] is None:
        raise InputError(f"{path}: params: private scores need a solution; set data.solution")
    rungs = {}
    for name, changes in document.rungs.items():
        params = deepcopy(params)
        for key, value in changes.items():
            if key.partition(".")[0] in FIXED:
                raise InputError(
                    f"{path}: rungs.{name}: all rungs share their frames; move '{key}' to params"
                )
            set_parameter(params, key, value, f"{path}: rungs.{name}")
        for section, kind in SECTIONS.items():
            validated(params[section], section, kind, Path(f"{path} ({name})"))
        rungs[name] = params
    return Plan(document, rungs)
