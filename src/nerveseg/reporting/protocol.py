"""How data and protocol differ from the paper, by `nerveseg.reporting.paper_protocol`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from ruamel.yaml import YAML

from nerveseg.models.registry import LIBRARY, NETWORKS
from nerveseg.params.section import PARAMS_FILE
from nerveseg.reporting.paper_protocol import (
    FULL_WIDTH,
    FULL_WIDTHS,
    PAPER,
    WIDTH,
    Harmless,
    Open,
    Stated,
)

UNKNOWN: Final = "not in this report's list of the paper's parameters"


class Difference(NamedTuple):
    """One parameter that is not known to be the paper's.

    Attributes:
        key: the key in params.yaml; `*` stands for the runs that `note` names first.
        ours: its value here, as text.
        paper: the paper's value as text; '' if the paper does not state it.
        note: what the difference means.
    """

    key: str
    ours: str
    paper: str
    note: str


class Protocol(NamedTuple):
    """All parameters compared with the paper's.

    Attributes:
        differences: what differs from the paper.
        unstated: what can change scores and is not stated in the paper.
    """

    differences: list[Difference]
    unstated: list[Difference]


def read_protocol(path: Path = PARAMS_FILE) -> Protocol:
    """Compare params.yaml, which the stages have validated, with the paper."""
    return compare_protocol(YAML(typ="safe", pure=True).load(path))


def compare_protocol(params: Mapping[str, Any]) -> Protocol:
    """Compare all parameters with the paper's.

    Args:
        params: the content of params.yaml.
    """
    found = Protocol([], [])
    for (key, ours, paper), runs in _values(params).items():
        entry = PAPER.get(key)
        if isinstance(entry, Harmless) or ours == paper:
            continue
        note = UNKNOWN if entry is None else entry.note
        row = Difference(key, ours, paper, "; ".join(filter(None, [", ".join(runs), note])))
        (found.unstated if isinstance(entry, Open) else found.differences).append(row)
    return found


def _values(params: Mapping[str, Any]) -> dict[tuple[str, str, str], list[str]]:
    """Return (key of `PAPER`, our value, the paper's value) -> the runs that have this value."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for key, value in _leaves({name: part for name, part in params.items() if name != "models"}):
        found[key, _text(value), _paper_text(key)] = []
    for run, given in params.get("models", {}).items():
        network = str(given.get("network", run))
        if network == LIBRARY:
            continue  # the paper's tables have no row for it
        defaults = NETWORKS[network].options if network in NETWORKS else {}
        for option, value in {**defaults, **given}.items():
            if option != "network":
                key = f"models.*.{option}"
                found.setdefault((key, _text(value), _paper_text(key, network)), []).append(run)
    return found


def _leaves(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield key and value of every parameter, or of the whole that `PAPER` has an entry for."""
    for name, inner in value.items():
        key = f"{prefix}{name}"
        if isinstance(inner, Mapping) and key not in PAPER:
            yield from _leaves(inner, f"{key}.")
        else:
            yield key, inner


def _paper_text(key: str, network: str = "") -> str:
    entry = PAPER.get(key)
    if not isinstance(entry, Stated):
        return ""
    return _text(FULL_WIDTHS.get(network, FULL_WIDTH) if key == WIDTH else entry.value)


def _text(value: object) -> str:
    """Return a value as text; equal for 1 and 1.0, and for lists of names in any order."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return ", ".join(sorted(value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(inner)}" for key, inner in sorted(value.items()))
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value, default=str).replace('"', "")


def summary(protocol: Protocol) -> str:
    """Return the sentences for the captions of the paper's tables."""
    open_ = "What the paper does not state is listed below as well."
    number = len(protocol.differences)
    if not number:
        return f"Data and protocol are as stated in the paper. {open_}"
    settings = "one setting differs" if number == 1 else f"{number} settings differ"
    return f"This is not the paper's experiment: {settings}, as listed below. {open_}"
