"""Averages of the weights, against their formulas, and what is done with them."""

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path

import pytest
import runs
import torch
from pydantic import ValidationError
from safetensors.torch import load_file
from tiny_training import settings
from torch import nn

from nerveseg.data.dataset import Batch
from nerveseg.training.averaging import Average, AverageOfEpochs, MovingAverage
from nerveseg.training.distributed import World
from nerveseg.training.engine import Engine

DECAY = 0.7
MOVING = partial(MovingAverage, decay=DECAY)
FROM_SECOND = partial(AverageOfEpochs, first=1)
Averaging = Callable[[nn.Module], Average]


def engine(average: Averaging = MOVING) -> Engine:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 1, 1))
    world = World(0, 1, torch.device("cpu"))
    return Engine(
        network, 1, dtype=torch.float32, weight_decay=0, world=world, frames=3, average=average
    )


def step(trained: Engine) -> dict[str, torch.Tensor]:
    """Update the weights; return a copy of them."""
    images = torch.randint(0, 256, (3, 8, 8), dtype=torch.uint8)
    batch = Batch(images, (images > 128).to(torch.uint8), torch.full((3,), 1 / 3))
    trained.train_step([batch], 0.1)
    return {name: value.clone() for name, value in trained.network.state_dict().items()}


def test_the_result_is_the_moving_average_of_weights_and_running_statistics() -> None:
    trained = engine()
    expected = step(trained)
    for _ in range(4):
        for name, value in step(trained).items():
            whole = not value.is_floating_point()
            expected[name] = value if whole else DECAY * expected[name] + (1 - DECAY) * value
    found = trained.result.state_dict()
    assert found["1.num_batches_tracked"] == 5
    torch.testing.assert_close(dict(found), expected)
    assert not torch.equal(found["0.weight"], trained.network.state_dict()["0.weight"])


def test_the_result_is_the_mean_over_the_ends_of_the_last_epochs() -> None:
    trained = engine(FROM_SECOND)
    ends = []
    for epoch in range(4):
        step(trained)
        assert (trained.result is trained.network) == (epoch < 2)
        ends.append(step(trained))
        trained.finish_epoch(epoch)
    found = trained.result.state_dict()
    assert found["1.num_batches_tracked"] == 8
    for name, value in found.items():
        if value.is_floating_point():
            mean = torch.stack([each[name] for each in ends[1:]]).mean(dim=0)
            torch.testing.assert_close(value, mean)
    assert not torch.equal(found["0.weight"], ends[-1]["0.weight"])


@pytest.mark.parametrize("average", [MOVING, FROM_SECOND])
def test_a_restored_average_goes_on_bit_by_bit(average: Averaging) -> None:
    trained, again = engine(average), engine(average)
    for epoch in range(2):
        step(trained)
        trained.finish_epoch(epoch)
    again.restore(deepcopy(trained.state()))
    for one in (trained, again):
        torch.manual_seed(1)
        step(one)
        one.finish_epoch(2)
    assert trained.result is not trained.network
    for name, value in trained.result.state_dict().items():
        assert torch.equal(value, again.result.state_dict()[name])


@pytest.mark.parametrize(("option", "value"), [("ema", 0.9), ("average_last", 2)])
def test_the_average_is_validated_and_saved(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, option: str, value: float
) -> None:
    results = []
    state = Engine.state

    def seen(one: Engine) -> dict[str, object]:
        results.append({name: value.clone() for name, value in one.result.state_dict().items()})
        return state(one)

    monkeypatch.setattr(Engine, "state", seen)
    runs.train(workspace, settings(**{option: value}))
    averaged, curves = load_file(workspace / "weights.safetensors"), workspace / "curves.csv"
    assert all(torch.equal(results[-1][name], value) for name, value in averaged.items())
    first = curves.read_text().splitlines()
    runs.train(workspace, settings())
    plain = load_file(workspace / "weights.safetensors")
    assert plain.keys() == averaged.keys()
    assert not torch.equal(plain["encoder.conv1.weight"], averaged["encoder.conv1.weight"])
    for with_it, without in zip(first[1:], curves.read_text().splitlines()[1:], strict=True):
        # The weights that are trained are the same, and those that validate are others; the mean
        # over one epoch is that of a single network.
        assert with_it.split(",")[1] == without.split(",")[1]
        alone = option == "average_last" and with_it.startswith("0")
        assert (with_it.split(",")[3] == without.split(",")[3]) == alone


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"average_last": 3}, "average_last 3 is more than the 2 epochs"),
        ({"average_last": 1, "ema": 0.9}, "ema and average_last are two averages"),
        ({"average_last": -1}, "average_last"),
    ],
)
def test_averages_that_cannot_be_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        settings(**changes)
