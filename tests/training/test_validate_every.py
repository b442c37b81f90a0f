"""`train.validate_every` leaves out validations and changes nothing else."""

import csv
from pathlib import Path

import pytest
import runs
from pydantic import ValidationError
from safetensors.numpy import load_file
from tiny_training import settings


def curves(folder: Path) -> list[dict[str, str]]:
    with (folder / "curves.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("options", [{}, {"average_last": 2}])
def test_weights_and_curves_are_those_of_a_training_that_validates_every_epoch(
    workspace: Path, options: dict[str, int]
) -> None:
    runs.train(workspace, settings(epochs=5, **options))
    weights, every = load_file(workspace / "weights.safetensors"), curves(workspace)
    assert all(value for row in every for value in row.values())
    runs.train(workspace, settings(epochs=5, validate_every=2, **options))
    some = load_file(workspace / "weights.safetensors")
    assert weights.keys() == some.keys()
    assert all((weights[name] == some[name]).all() for name in weights)
    assert len(every) == len(curves(workspace)) == 5
    for epoch, (row, expected) in enumerate(zip(curves(workspace), every, strict=True)):
        left_out = {"valid/loss": "", "valid/dice": ""} if epoch in {0, 2} else {}
        assert row == {**expected, **left_out}


@pytest.mark.parametrize(("every", "expected"), [(1, [0, 1, 2]), (2, [1, 2]), (9, [2])])
def test_the_last_epoch_always_validates(every: int, expected: list[int]) -> None:
    params = settings(epochs=3, validate_every=every)
    assert [epoch for epoch in range(3) if params.validates(epoch)] == expected


def test_there_is_no_validation_every_0_epochs() -> None:
    with pytest.raises(ValidationError, match="validate_every"):
        settings(validate_every=0)
