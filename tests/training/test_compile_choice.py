"""`train.compile: auto` compiles where the whole training gets shorter by it."""

import logging
from typing import Any

import pytest
import torch
from tiny_training import settings

from nerveseg.params.train import TrainParams
from nerveseg.training.compile_choice import MEASURED, Workload
from nerveseg.training.distributed import World

PAPER: dict[str, Any] = {"epochs": 70, "precision": "bf16"}
CUDA = torch.device("cuda")


def workload(network: str = "unet", **changes: Any) -> Workload:  # noqa: ANN401
    values: dict[str, Any] = {
        "network": network,
        "options": {},
        "frames": 4508,
        "shape": (512, 512),
        "world": World(0, 1, CUDA),
    }
    return Workload(**{**values, **changes})


def compiled(params: TrainParams, **changes: Any) -> bool:  # noqa: ANN401
    return workload(**changes).choice(params)[0]


def test_the_paper_s_trainings_compile_but_for_those_that_gain_too_little() -> None:
    chosen = {name for name in MEASURED if compiled(settings(**PAPER), network=name)}
    assert chosen == set(MEASURED) - {"cpfnet"}


def test_compiling_must_save_more_than_it_costs() -> None:
    # U-Net: (1 / 145 - 1 / 192) s saved per frame, against 54 s: 31986 frames.
    params = settings(epochs=1, precision="bf16")
    assert not compiled(params, frames=31_900)
    assert compiled(params, frames=32_100)
    # A quarter of the pixels, or of the width, quarters both times of a frame.
    assert not compiled(params, frames=4 * 31_900, shape=(256, 256))
    assert compiled(params, frames=4 * 32_100, shape=(256, 256))
    assert not compiled(params, frames=4 * 31_900, options={"width": 16})
    assert compiled(params, frames=4 * 32_100, options={"width": 16})


def test_half_size_epochs_save_a_quarter_and_cost_a_second_compilation() -> None:
    half = settings(epochs=4, half_size=2, precision="bf16")
    # 2 + 2 / 4 epochs against 108 s.
    assert not compiled(half, frames=int(2 * 31_986 / 2.5) - 50)
    assert compiled(half, frames=int(2 * 31_986 / 2.5) + 50)


@pytest.mark.parametrize(
    ("params", "changes", "why"),
    [
        ({}, {"world": World(0, 1, torch.device("cpu"))}, "on the device cpu"),
        ({}, {"world": World(0, 2, CUDA)}, "for 2 processes"),
        ({"precision": "fp32"}, {}, "in float32"),
        ({}, {"network": "smp"}, "for the network smp"),
    ],
    ids=str,
)
def test_what_has_not_been_measured_is_not_compiled(
    params: dict[str, Any], changes: dict[str, Any], why: str
) -> None:
    assert workload(**changes).choice(settings(**{**PAPER, **params})) == (
        False,
        f"nothing is known of its gain {why}",
    )


@pytest.mark.parametrize("asked", [True, False])
def test_true_and_false_are_obeyed_everywhere(asked: bool) -> None:
    for device in (CUDA, torch.device("cpu")):
        assert compiled(settings(compile=asked), world=World(0, 1, device)) is asked


def test_one_line_of_the_log_says_which_and_why(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert workload().compiled(settings(**PAPER), "mine")
        assert not workload(frames=100).compiled(settings(**PAPER), "mine")
        assert workload(world=World(1, 2, CUDA)).compiled(settings(compile=True), "mine")
    assert [record.getMessage() for record in caplog.records] == [
        "mine: torch.compile is on: by estimate it saves 8.9 of 36.3 min, for 0.9 min of compiling",
        "mine: torch.compile is off: by estimate it would save 0.2 of 0.8 min, for 0.9 min of "
        "compiling",
    ]
