"""The comparison of protocols sees every parameter, and no difference where there is none."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import small_run
from ruamel.yaml import YAML

from nerveseg.models.registry import LIBRARY, NETWORKS, OWN
from nerveseg.reporting.paper_protocol import FULL_WIDTHS, PAPER, Harmless, Stated
from nerveseg.reporting.paper_tables import protocol_table
from nerveseg.reporting.protocol import Protocol, compare_protocol, summary

YAML12 = YAML(typ="safe", pure=True)
PARAMS: dict[str, Any] = YAML12.load(small_run.REPOSITORY / "params.yaml")


def with_the_profile() -> dict[str, Any]:
    """Return the parameters with what profiles/paper sets."""
    params = deepcopy(PARAMS)
    words = (small_run.REPOSITORY / "profiles/paper").read_text().split()
    for key, _, value in (word.partition("=") for word in words[1::2]):
        *parents, last = key.split(".")
        section = params
        for name in parents:
            section = section[name]
        section[last] = YAML12.load(value)
    return params


PAPER_RUN = with_the_profile()


def leaves(value: Any, *key: str) -> Iterator[tuple[str, ...]]:  # noqa: ANN401
    if isinstance(value, dict) and value:  # `ensembles` is empty
        for name, inner in value.items():
            yield from leaves(inner, *key, name)
    else:
        yield key


def entry_of(key: tuple[str, ...]) -> str:
    """Return the key in `PAPER` that stands for a parameter; the test fails if there is none."""
    if key[0] == "models":
        key = ("models", "*", *key[2:])
    names = [".".join(key[:depth]) for depth in range(1, len(key) + 1)]
    found = [name for name in names if name in PAPER]
    assert found, (
        f"params.yaml: {'.'.join(key)} has no entry in PAPER of reporting/paper_protocol.py; "
        "add Stated(the paper's value), Open() if the paper does not state it and it can change "
        "scores, or Harmless(reason) if it cannot"
    )
    return found[0]


def changed(key: tuple[str, ...], value: object) -> Protocol:
    params = deepcopy(PAPER_RUN)
    section = params
    for name in key[:-1]:
        section = section[name]
    section[key[-1]] = value
    return compare_protocol(params)


@pytest.mark.parametrize("key", list(leaves(PARAMS)), ids=".".join)
def test_a_change_of_any_parameter_is_named_unless_a_reason_says_that_it_is_harmless(
    key: tuple[str, ...],
) -> None:
    name = entry_of(key)
    entry, found = PAPER[name], changed(key, 0.123)
    if isinstance(entry, Harmless):
        assert len(entry.why.split()) > 3
        assert found == compare_protocol(PAPER_RUN)
        return
    rows = found.differences if isinstance(entry, Stated) else found.unstated
    (row,) = [row for row in rows if row.key == name and "0.123" in row.ours]
    assert key[0] != "models" or row.note.startswith(key[1])


def test_the_paper_s_profile_is_the_paper_s_protocol_and_nothing_else() -> None:
    found = compare_protocol(PAPER_RUN)
    assert found.differences == []
    assert summary(found).startswith("Data and protocol are as stated in the paper.")
    unstated = {row.key for row in found.unstated}
    assert {"train.precision", "train.channels", "train.seed", "split.seed"} <= unstated


def test_the_default_run_is_told_apart_from_the_paper_s() -> None:
    found = compare_protocol(PARAMS)
    keys = {row.key for row in found.differences}
    assert {"data.source", "pack.shape", "split.protocol", "train.epochs"} <= keys
    assert f"{len(found.differences)} settings differ" in summary(found)
    table = protocol_table(found)
    assert {row.cells[0].text for row in table.rows} >= keys


def test_a_width_counts_only_if_it_is_not_the_paper_s() -> None:
    assert changed(("models", "unetpp", "width"), FULL_WIDTHS["unetpp"]).differences == []
    (row,) = changed(("models", "unetpp", "width"), 64).differences
    assert (row.ours, row.paper, row.note) == ("64", "32", "unetpp")
    (row,) = changed(("models", "unet", "width"), 8).differences
    assert (row.ours, row.paper) == ("8", "64")


def test_equal_values_that_are_written_differently_are_no_difference() -> None:
    flips = ["diagonal", "vertical", "horizontal"]
    assert changed(("train", "flips"), flips).differences == []
    assert changed(("train", "rotation"), 15.0).differences == []
    losses = {"squared_dice": 1.0, "cross_entropy": 1.0, "dice": 0}
    assert changed(("train", "losses"), losses).differences == []


def test_an_unknown_parameter_is_a_difference() -> None:
    (row,) = changed(("train", "magic"), True).differences
    assert (row.key, row.ours, row.paper) == ("train.magic", "true", "")
    (row,) = changed(("models", "unet", "depth"), 7).differences
    assert row.key == "models.*.depth"


@pytest.mark.parametrize(
    ("run", "option"), [key[1:] for key in leaves(PARAMS) if key[0] == "models"]
)
def test_an_option_that_is_left_out_counts_with_its_default(run: str, option: str) -> None:
    params = deepcopy(PAPER_RUN)
    del params["models"][run][option]
    assert compare_protocol(params) == changed(
        ("models", run, option), NETWORKS[run].options[option]
    )


def test_a_default_that_is_written_out_is_no_difference() -> None:
    assert changed(("models", "rpa_apf", "softmax"), "summed") == compare_protocol(PAPER_RUN)
    assert changed(("models", "attention_unet", "gating"), "port") == compare_protocol(PAPER_RUN)


def test_a_network_that_the_paper_does_not_have_changes_nothing() -> None:
    params = deepcopy(PAPER_RUN)
    params["models"]["mine"] = {"network": LIBRARY, "architecture": "Unet", "encoder": "resnet34"}
    assert compare_protocol(params) == compare_protocol(PAPER_RUN)


def test_every_entry_stands_for_a_parameter() -> None:
    options = {("models", run, option) for run in OWN for option in NETWORKS[run].options}
    assert {entry_of(key) for key in {*leaves(PARAMS), *options}} == set(PAPER)
